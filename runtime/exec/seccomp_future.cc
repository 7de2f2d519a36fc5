#include "runtime/exec/seccomp_future.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>

#include <algorithm>
#include <map>
#include <optional>

namespace boxrun::exec {
namespace {

constexpr std::uint32_t kLastOldCall = 423;
/// Numbers of x32 have this bit; to the kernel they are calls of x86-64. asm/unistd.h
constexpr std::uint32_t kX32Bit = 0x40000000;

/// The greatest number that is not young, of one architecture as the kernel names it.
struct Ceiling {
  std::optional<std::uint32_t> plain;
  std::optional<std::uint32_t> x32;
};

std::uint32_t greatest_named(const config::Seccomp& seccomp, std::uint32_t architecture,
                             std::uint32_t base) {
  std::uint32_t greatest = base + kLastOldCall;
  for (const config::SeccompRule& rule : seccomp.rules) {
    for (const std::string& name : rule.names) {
      const int number = ::seccomp_syscall_resolve_name_arch(architecture, name.c_str());
      if (number >= 0) {  // others are libseccomp's own, for calls that the architecture lacks
        greatest = std::max(greatest, static_cast<std::uint32_t>(number));
      }
    }
  }
  return greatest;
}

std::map<std::uint32_t, Ceiling> find_ceilings(const config::Seccomp& seccomp) {
  std::vector<std::uint32_t> architectures = seccomp.architectures;
  architectures.push_back(::seccomp_arch_native());
  std::map<std::uint32_t, Ceiling> ceilings;
  for (const std::uint32_t architecture : architectures) {
    if (architecture == SCMP_ARCH_X32) {
      ceilings[SCMP_ARCH_X86_64].x32 = greatest_named(seccomp, architecture, kX32Bit);
    } else {
      ceilings[architecture].plain = greatest_named(seccomp, architecture, 0);
    }
  }
  return ceilings;
}

sock_filter jump(unsigned test, std::uint32_t value, std::size_t if_true, std::size_t if_false) {
  return BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | test | BPF_K), value,
                  static_cast<std::uint8_t>(if_true), static_cast<std::uint8_t>(if_false));
}

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

}  // namespace

std::vector<sock_filter> refuse_future_calls(const config::Seccomp& seccomp) {
  if ((seccomp.default_action & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO) {
    return {};
  }
  constexpr std::size_t kBlock = 6;  // instructions for each architecture
  const auto ceilings = find_ceilings(seccomp);
  const std::size_t refusal = 1 + ceilings.size() * kBlock;
  std::vector<sock_filter> program = {load(offsetof(seccomp_data, arch))};
  for (const auto& [architecture, ceiling] : ceilings) {
    const std::size_t start = program.size();
    const std::size_t to_refusal = refusal - start;  // from the block's first instruction
    const bool is_last = start + kBlock == refusal;
    const std::uint32_t none = ~0U;
    program.push_back(jump(BPF_JEQ, architecture, 0, is_last ? kBlock : kBlock - 1));
    program.push_back(load(offsetof(seccomp_data, nr)));
    program.push_back(jump(BPF_JGE, kX32Bit, 1, 0));
    program.push_back(jump(BPF_JGT, ceiling.plain.value_or(none), to_refusal - 4, 1));
    program.push_back(jump(BPF_JGT, ceiling.x32.value_or(none), to_refusal - 5, 0));
    program.push_back(BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(to_refusal - 5)));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
  return program;
}

}  // namespace boxrun::exec
