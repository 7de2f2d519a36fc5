#pragma once
// What a filter permits, as rules: the form in which people think of it, and in which it is printed
// (rules_text.h). Exact: `build` makes the same decision diagram of it that the program has.
//
// A section is an architecture. In a section the first rule that fits a call decides, and what fits
// none gets the section's default. Architectures without a section of their own are `others`. On
// x86-64 there are two: x86_64, and x32, whose numbers have bit 30 set. Numbers that are neither's,
// with bit 31 set, are counted as x32's, which is what filters do when they compare with
// 0x40000000, except for -1, which tracers use for "no call" and filters leave to x86_64.

#include <optional>
#include <string>
#include <vector>

#include "decoders/bpf/solve.h"

namespace boxtrace::bpf {

/// From first to last, both included.
struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const Range&, const Range&) = default;
};

/// A statement about one 64-bit field: its bits under `mask` are, as a number, in one of the ranges
/// (or, negated, in none).
struct Term {
  std::size_t field = 0;  ///< the argument; kArguments: the instruction pointer
  std::uint64_t mask = ~std::uint64_t{0};
  bool negated = false;
  std::vector<Range> ranges;
  friend bool operator==(const Term&, const Term&) = default;
};

using Conjunction = std::vector<Term>;
/// One of these holds. Empty: never. Holding an empty conjunction: always.
using Condition = std::vector<Conjunction>;

[[nodiscard]] inline bool is_always(const Condition& condition) {
  return condition.size() == 1 && condition.front().empty();
}

struct Rule {
  std::uint64_t result = 0;    ///< as outcome.h knows it, or kUndecided
  std::vector<Range> numbers;  ///< with the x32 bit; ascending
  Condition when = {{}};
  friend bool operator==(const Rule&, const Rule&) = default;
};

struct Section {
  std::string name;                  ///< `x86_64`, `x32`, `arch 0x5..0x7`, `others`
  std::vector<Range> archs;          ///< AUDIT_ARCH_* values; empty for `others`
  std::optional<bool> x32;           ///< holds for numbers with, or without, the x32 bit
  raw::Abi abi = raw::Abi::Unknown;  ///< whose names the numbers have
  bool wide = true;                  ///< arguments have 64 bits; else a field means its low word
  bool big_endian = false;
  /// The rules of that section hold too, behind these: those for calls that have a name here.
  std::string like;
  std::vector<Rule> rules;
  std::uint64_t otherwise = 0;
};

struct Policy {
  std::vector<Section> sections;  ///< `others` is the last and always there
};

inline constexpr std::string_view kOthers = "others";

/// An empty section of that name, or nothing if nothing is called so. `arch 0x5..0x7` is not such a
/// name.
[[nodiscard]] std::optional<Section> make_section(std::string_view name);

/// The numbers that a section can have.
[[nodiscard]] std::vector<Range> numbers_of(const Section& section);
[[nodiscard]] bool is_number_of(const Section& section, std::uint32_t nr);

/// The name of a number in a section, and back.
[[nodiscard]] std::string_view name_in(const Section& section, std::uint32_t nr);
[[nodiscard]] std::optional<std::uint32_t> number_in(const Section& section, std::string_view name);

/// The rules that a section has from the one it is like: for its own numbers and words.
[[nodiscard]] std::vector<Rule> inherited_rules(const Policy& policy, const Section& section);

/// The function of a condition and of a whole policy.
[[nodiscard]] Node build(Diagram& diagram, Order order, const Condition& condition,
                         bool big_endian);
[[nodiscard]] Node build(Diagram& diagram, Order order, const Policy& policy);

/// The rules of a function, or nothing if there would be too many to be of use (thousands): it is
/// then a computation rather than a policy.
[[nodiscard]] std::optional<Policy> read_policy(Diagram& diagram, Order order, Node root);

}  // namespace boxtrace::bpf
