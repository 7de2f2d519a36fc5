#include "runtime/exec/seccomp_program.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include "decoders/bpf/emulator.h"
#include "runtime/exec/seccomp_future.h"

namespace boxrun::exec {
namespace {

namespace bpf = boxtrace::bpf;

constexpr std::uint32_t kX32 = 0x40000000;
constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kUnknown = SECCOMP_RET_ERRNO | ENOSYS;
constexpr std::uint32_t kRefused = SECCOMP_RET_ERRNO | EPERM;

config::Seccomp allow_list(const std::vector<std::string>& names) {
  config::Seccomp seccomp;
  seccomp.default_action = kRefused;
  seccomp.architectures = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32, SCMP_ARCH_AARCH64};
  config::SeccompRule rule;
  rule.names = names;
  rule.action = kAllow;
  seccomp.rules = {rule};
  return seccomp;
}

std::uint32_t answer(const config::Seccomp& seccomp, std::uint32_t architecture,
                     std::uint32_t number) {
  const auto compiled = compile_seccomp(seccomp);
  EXPECT_TRUE(compiled.ok());
  bpf::Program program;
  for (const sock_filter& in : compiled.value().instructions) {
    program.push_back({in.code, in.jt, in.jf, in.k});
  }
  bpf::Input input{};
  input[bpf::kArchWord] = architecture;
  input[bpf::kNumberWord] = number;
  return bpf::evaluate(program, input).result;
}

TEST(SeccompProgram, CallsYoungerThanAllThatAProfileNamesAreUnknown) {
  // openat2 is 437 everywhere. What is older is refused as the profile says, named or not.
  const config::Seccomp seccomp = allow_list({"read", "openat2"});
  for (const std::uint32_t architecture :
       std::initializer_list<std::uint32_t>{SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_AARCH64}) {
    EXPECT_EQ(answer(seccomp, architecture, 437), kAllow);
    EXPECT_EQ(answer(seccomp, architecture, 438), kUnknown);
    EXPECT_EQ(answer(seccomp, architecture, 0x3fffffff), kUnknown);
    EXPECT_EQ(answer(seccomp, architecture, 435), kRefused) << "clone3, which its author left out";
    EXPECT_EQ(answer(seccomp, architecture, 2), kRefused);
  }
  EXPECT_EQ(answer(seccomp, SCMP_ARCH_X86_64, kX32 + 437), kAllow);
  EXPECT_EQ(answer(seccomp, SCMP_ARCH_X86_64, kX32 + 2), kRefused);
  EXPECT_EQ(answer(seccomp, SCMP_ARCH_X86_64, kX32 + 1000), kUnknown);
}

TEST(SeccompProgram, AShortListRefusesOldCalls) {
  const config::Seccomp seccomp = allow_list({"read"});
  EXPECT_EQ(answer(seccomp, SCMP_ARCH_X86_64, 0), kAllow);
  EXPECT_EQ(answer(seccomp, SCMP_ARCH_X86_64, 423), kRefused);
  EXPECT_EQ(answer(seccomp, SCMP_ARCH_X86_64, 424), kUnknown);
}

TEST(SeccompProgram, ArchitecturesThatAreNotListedAreTheFiltersBusiness) {
  const config::Seccomp seccomp = allow_list({"read"});
  EXPECT_EQ(answer(seccomp, SCMP_ARCH_S390X, 1000), SECCOMP_RET_KILL_THREAD);
}

TEST(SeccompProgram, OnlyADefaultOfAnErrnoIsRefined) {
  config::Seccomp seccomp = allow_list({"read"});
  for (const std::uint32_t action : std::initializer_list<std::uint32_t>{
           SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_TRAP}) {
    seccomp.default_action = action;
    EXPECT_TRUE(refuse_future_calls(seccomp).empty());
  }
}

}  // namespace
}  // namespace boxrun::exec
