#pragma once
// A choice of system calls, by row and, where that is not fine enough, by the value of an argument.
// It says the same thing twice: contains() answers for a call that was seen, and the tests are
// simple enough for a seccomp filter to carry out in the kernel, where no pointer can be followed.
// So a call that a filter leaves out is exactly one that contains() denies.

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "decoders/spec.h"

namespace boxtrace::decoders {

/// A test of one argument. `operand` and `values` are compared with its low 32 bits, because the
/// kernel takes options and flags as 32-bit numbers; sizes and pointers are tested whole.
struct ArgTest {
  enum class Kind : std::uint8_t {
    Always,
    OneOf,    ///< it is one of `values`
    AnyBit,   ///< it has a bit of `operand`
    NoBit,    ///< it has no bit of `operand`
    Below,    ///< all 64 bits: less than `operand`
    NonZero,  ///< all 64 bits: a pointer that is not null
  };
  Kind kind = Kind::Always;
  std::uint8_t arg = 0;
  std::uint32_t operand = 0;
  std::span<const std::uint32_t> values{};

  [[nodiscard]] bool passes(const raw::Call& call) const;
};

/// The calls of that name for which the test passes.
struct CallChoice {
  std::string_view name;
  ArgTest when{};
};

class CallSet {
 public:
  /// Adds to what is chosen already. All rows of that name; there must be one.
  void add(const CallChoice& choice);
  void add(std::span<const CallChoice> choices);
  void add(const SyscallSpec& spec, const ArgTest& when);

  [[nodiscard]] bool contains(const SyscallSpec& spec, const raw::Call& call) const;
  /// The tests of which one must pass; empty when no call of that row is chosen.
  [[nodiscard]] std::span<const ArgTest> tests_of(const SyscallSpec& spec) const;

 private:
  std::unordered_map<const SyscallSpec*, std::vector<ArgTest>> tests_;
};

/// Passes for the operations of the row that change what it is about; always where the row does not
/// tell operations apart.
[[nodiscard]] ArgTest changes_something(const SyscallSpec& spec);

/// What to observe after the call: `spec.observe`, or nothing if its operation only asks.
[[nodiscard]] std::uint32_t observe_after(const SyscallSpec& spec, const raw::Call& call);

}  // namespace boxtrace::decoders
