// The filter against the set that it was made from: run as the kernel would run it, it must stop
// exactly the calls that the set contains, through every door.

#include "tracer/ptrace/call_filter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cstring>
#include <random>

#include "decoders/registry.h"
#include "tracer/timeline/story_calls.h"

namespace boxtrace::ptrace {
namespace {

using decoders::ArgTest;
using decoders::CallSet;

constexpr std::uint32_t kTrace = SECCOMP_RET_TRACE | kFilterCookie;

/// The instructions that filters of ours use, on the machine of kernel/seccomp.c.
std::uint32_t run(const std::vector<sock_filter>& program, const seccomp_data& data) {
  std::uint32_t acc = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& op = program[at];
    const auto branch = [&](bool taken) { at += taken ? op.jt : op.jf; };
    switch (op.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&acc, reinterpret_cast<const char*>(&data) + op.k, sizeof(acc));
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        acc &= op.k;
        break;
      case BPF_JMP | BPF_JA:
        at += op.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        branch(acc == op.k);
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        branch(acc >= op.k);
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        branch((acc & op.k) != 0);
        break;
      case BPF_RET | BPF_K:
        return op.k;
      default:
        ADD_FAILURE() << "instruction " << op.code;
        return 0;
    }
  }
  ADD_FAILURE() << "the program does not end";
  return 0;
}

std::uint32_t answer(const std::vector<sock_filter>& program, const raw::Call& call) {
  seccomp_data data{};
  const std::uint64_t bit = call.abi == raw::Abi::X32 ? raw::kX32SyscallBit : 0;
  data.nr = static_cast<int>(call.nr | bit);
  data.arch = call.abi == raw::Abi::I386 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64;
  std::copy(call.args.begin(), call.args.end(), std::begin(data.args));
  return run(program, data);
}

constexpr std::string_view kEngine[] = {"clone",
                                        "clone3",
                                        "fork",
                                        "vfork",
                                        "execve",
                                        "execveat",
                                        "exit",
                                        "exit_group",
                                        "seccomp",
                                        "prctl",
                                        "sched_getaffinity",
                                        "sched_setaffinity",
                                        "io_uring_setup"};

CallSet with_engine_calls(CallSet set) {
  for (const std::string_view name : kEngine) {
    for (const auto* spec : decoders::find_syscalls(name)) {
      set.add(*spec, decoders::changes_something(*spec));
    }
  }
  static constexpr std::uint32_t kTakesTracee[] = {0, 16, 0x4206};  // TRACEME, ATTACH, SEIZE
  set.add({"ptrace", {.kind = decoders::ArgTest::Kind::OneOf, .values = kTakesTracee}});
  return set;
}

/// Every number of every ABI, with arguments that matter to some test and with random ones.
void expect_equal(const CallSet& set) {
  const auto program = make_call_filter(set);
  const CallSet whole = with_engine_calls(set);
  std::mt19937_64 random{7};
  const std::uint64_t edges[] = {0,          1,    2,    3,        15,        16,
                                 22,         24,   0200, 0x4206,   0x200,     4095,
                                 4096,       4097, 4098, 1U << 31, 010200000, 0xffffffffULL,
                                 1ULL << 32, ~0ULL};
  for (const raw::Abi abi : {raw::Abi::X86_64, raw::Abi::I386, raw::Abi::X32}) {
    for (std::uint64_t nr = 0; nr < 600; ++nr) {
      const auto* spec = decoders::find_syscall(abi, nr);
      for (int round = 0; round < 40; ++round) {
        raw::Call call{abi, nr, {}, 0, 0};
        for (std::uint64_t& arg : call.args) {
          arg = round < 30 ? edges[random() % std::size(edges)] : random();
        }
        const bool expected = spec != nullptr && whole.contains(*spec, call);
        ASSERT_EQ(answer(program, call), expected ? kTrace : SECCOMP_RET_ALLOW)
            << fmt::format("{} {} {:#x} {:#x} {:#x}", raw::abi_name(abi), nr, call.args[0],
                           call.args[1], call.args[2]);
      }
    }
  }
}

TEST(CallFilter, StopsTheCallsOfTheStoryAndNoOthers) { expect_equal(timeline::story_calls()); }

TEST(CallFilter, StopsWhatTheEngineNeedsWhenNothingIsChosen) { expect_equal(CallSet{}); }

TEST(CallFilter, StopsEveryCallWhenAllAreChosen) {
  CallSet all;
  for (const auto* spec : decoders::all_syscalls()) {
    all.add(*spec, ArgTest{});
  }
  expect_equal(all);
}

TEST(CallFilter, TestsArguments) {
  static constexpr std::uint32_t kValues[] = {3, 15, 1U << 31};
  CallSet set;
  set.add({"read", {ArgTest::Kind::Below, 2, 4097}});
  set.add({"openat", {ArgTest::Kind::NoBit, 2, 010200000}});
  set.add({"unlinkat", {ArgTest::Kind::AnyBit, 2, 0x200}});
  set.add({"fcntl", {ArgTest::Kind::OneOf, 1, 0, kValues}});
  set.add({"prlimit64", {ArgTest::Kind::NonZero, 2}});
  set.add({"fcntl", {ArgTest::Kind::NonZero, 0}});
  expect_equal(set);
}

TEST(CallFilter, StopsEveryCallOfAnotherArchitecture) {
  seccomp_data data{};
  data.arch = AUDIT_ARCH_AARCH64;
  EXPECT_EQ(run(make_call_filter({}), data), kTrace);
}

TEST(CallFilter, LeavesRoomBelowTheLengthThatTheKernelAllows) {
  EXPECT_LT(make_call_filter(timeline::story_calls()).size(), BPF_MAXINSNS / 2U);
}

}  // namespace
}  // namespace boxtrace::ptrace
