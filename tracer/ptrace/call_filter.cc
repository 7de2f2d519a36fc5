#include "tracer/ptrace/call_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <map>

#include "decoders/registry.h"
#include "tracer/base/check.h"
#include "tracer/raw/arch.h"

namespace boxtrace::ptrace {
namespace {

using decoders::ArgTest;
using decoders::CallChoice;

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kTrace = SECCOMP_RET_TRACE | kFilterCookie;

// What the engine needs to follow tasks and to notice a filter that would hide calls from it.
// PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE: see tracer_nested.cc.
constexpr std::array<std::uint32_t, 3> kTakesTracee = {0, 16, 0x4206};

constexpr std::array kEngineCalls = std::to_array<CallChoice>({
    {"clone"},
    {"clone3"},
    {"fork"},
    {"vfork"},
    {"execve"},
    {"execveat"},
    {"exit"},
    {"exit_group"},
    {"seccomp"},
    {"prctl"},
    {"sched_getaffinity"},  // same_cpu.h, as the next two
    {"sched_setaffinity"},
    {"io_uring_setup"},
    {"ptrace", {.kind = decoders::ArgTest::Kind::OneOf, .values = kTakesTracee}},
});

class Program {
 public:
  void add(std::uint16_t code, std::uint32_t operand, std::uint8_t if_true = 0,
           std::uint8_t if_false = 0) {
    code_.push_back({code, if_true, if_false, operand});
  }
  void load(std::size_t offset) {
    add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
  }
  void answer(std::uint32_t action) { add(BPF_RET | BPF_K, action); }

  /// Begins a part that is skipped if the test fails; end_part() ends it. A conditional jump
  /// reaches 255 instructions, an unconditional one any number, so the test jumps over a jump.
  std::size_t begin_part(std::uint16_t condition, std::uint32_t operand) {
    add(static_cast<std::uint16_t>(BPF_JMP | condition | BPF_K), operand, 1, 0);
    add(BPF_JMP | BPF_JA, 0);
    return code_.size();
  }
  void end_part(std::size_t begin) {
    code_[begin - 1].k = static_cast<std::uint32_t>(code_.size() - begin);
  }

  [[nodiscard]] std::vector<sock_filter> take() {
    BT_CHECK(code_.size() <= BPF_MAXINSNS, "the filter is too long");
    return std::move(code_);
  }

 private:
  std::vector<sock_filter> code_;
};

// The words of an argument. Source: linux/seccomp.h, struct seccomp_data; little endian.
std::size_t low_word(std::size_t arg) { return offsetof(seccomp_data, args) + 8 * arg; }
std::size_t high_word(std::size_t arg) { return low_word(arg) + 4; }

/// Answers kTrace if the test passes, else goes on behind.
void add_test(Program& program, const ArgTest& test) {
  switch (test.kind) {
    case ArgTest::Kind::Always:
      program.answer(kTrace);
      return;
    case ArgTest::Kind::OneOf:
      program.load(low_word(test.arg));
      for (const std::uint32_t value : test.values) {
        program.add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
        program.answer(kTrace);
      }
      return;
    case ArgTest::Kind::AnyBit:
      program.load(low_word(test.arg));
      program.add(BPF_JMP | BPF_JSET | BPF_K, test.operand, 0, 1);
      program.answer(kTrace);
      return;
    case ArgTest::Kind::NoBit:
      program.load(low_word(test.arg));
      program.add(BPF_JMP | BPF_JSET | BPF_K, test.operand, 1, 0);
      program.answer(kTrace);
      return;
    case ArgTest::Kind::Below:
      program.load(high_word(test.arg));
      program.add(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
      program.load(low_word(test.arg));
      program.add(BPF_JMP | BPF_JGE | BPF_K, test.operand, 1, 0);
      program.answer(kTrace);
      return;
    case ArgTest::Kind::NonZero:
      program.load(high_word(test.arg));
      program.add(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2);
      program.load(low_word(test.arg));
      program.add(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
      program.answer(kTrace);
      return;
  }
}

/// What to answer for the numbers from one on, up to the next entry.
using Range = std::pair<std::uint32_t, std::span<const ArgTest>>;

bool is_same(std::span<const ArgTest> a, std::span<const ArgTest> b) {
  const auto plain = [](std::span<const ArgTest> tests) {
    return tests.empty() || tests.front().kind == ArgTest::Kind::Always;
  };
  return a.data() == b.data() || (plain(a) && plain(b) && a.empty() == b.empty());
}

std::vector<Range> ranges_of(const decoders::CallSet& calls, raw::Abi abi) {
  std::map<std::uint32_t, std::span<const ArgTest>> by_number;
  for (const decoders::SyscallSpec* spec : decoders::all_syscalls()) {
    const int nr = decoders::number_in(*spec, abi);
    const auto tests = calls.tests_of(*spec);
    if (nr >= 0 && !tests.empty()) {
      by_number[static_cast<std::uint32_t>(nr)] = tests;
    }
  }
  std::vector<Range> ranges{{0, {}}};
  const auto begin = [&ranges](std::uint32_t nr, std::span<const ArgTest> tests) {
    if (ranges.back().first == nr) {
      ranges.pop_back();
    }
    if (ranges.empty() || !is_same(ranges.back().second, tests)) {
      ranges.emplace_back(nr, tests);
    }
  };
  for (const auto& [nr, tests] : by_number) {
    begin(nr, tests);
    begin(nr + 1, {});
  }
  return ranges;
}

/// A binary search for the range of the number in the accumulator.
void add_search(Program& program, std::span<const Range> ranges) {
  if (ranges.size() == 1) {
    for (const ArgTest& test : ranges.front().second) {
      add_test(program, test);
    }
    program.answer(kAllow);
    return;
  }
  const std::size_t middle = ranges.size() / 2;
  const std::size_t upper = program.begin_part(BPF_JGE, ranges[middle].first);
  add_search(program, ranges.subspan(middle));
  program.end_part(upper);
  add_search(program, ranges.first(middle));
}

/// For calls that enter through `arch`, with their number in the accumulator.
template <typename Body>
void add_arch(Program& program, std::uint32_t arch, Body body) {
  program.load(offsetof(seccomp_data, arch));
  const std::size_t part = program.begin_part(BPF_JEQ, arch);
  program.load(offsetof(seccomp_data, nr));
  body();
  program.end_part(part);
}

}  // namespace

decoders::CallSet with_engine_calls(decoders::CallSet calls) {
  for (const CallChoice& choice : kEngineCalls) {
    for (const decoders::SyscallSpec* spec : decoders::find_syscalls(choice.name)) {
      const bool says_when = choice.when.kind != decoders::ArgTest::Kind::Always;
      calls.add(*spec, says_when ? choice.when : decoders::changes_something(*spec));
    }
  }
  return calls;
}

std::vector<sock_filter> make_filter_of(const decoders::CallSet& calls) {
  const std::vector<Range> native = ranges_of(calls, raw::Abi::X86_64);
  const std::vector<Range> x32 = ranges_of(calls, raw::Abi::X32);
  const std::vector<Range> i386 = ranges_of(calls, raw::Abi::I386);
  Program program;
  add_arch(program, AUDIT_ARCH_X86_64, [&] {
    const std::size_t part = program.begin_part(BPF_JGE, raw::kX32SyscallBit);
    program.add(BPF_ALU | BPF_AND | BPF_K, ~static_cast<std::uint32_t>(raw::kX32SyscallBit));
    add_search(program, x32);
    program.end_part(part);
    add_search(program, native);
  });
  add_arch(program, AUDIT_ARCH_I386, [&] { add_search(program, i386); });
  program.answer(kTrace);
  return program.take();
}

std::vector<sock_filter> make_call_filter(const decoders::CallSet& chosen) {
  return make_filter_of(with_engine_calls(chosen));
}

bool can_filter_calls() {
  if (::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0) {
    return false;
  }
  // A program of one instruction at an address where nothing ever is: EFAULT comes after the check
  // of privilege, whose failure is EACCES. Source: kernel/seccomp.c, seccomp_prepare_filter.
  sock_fprog nowhere{1, reinterpret_cast<sock_filter*>(~std::uintptr_t{0} & ~std::uintptr_t{4095})};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &nowhere) < 0 && errno == EFAULT;
}

int install_call_filter(std::span<const sock_filter> program) {
  sock_fprog call{static_cast<unsigned short>(program.size()),
                  const_cast<sock_filter*>(program.data())};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &call) == 0
             ? 0
             : errno;
}

}  // namespace boxtrace::ptrace
