#pragma once
// Filters together: what a stack of them permits, and where two policies differ.

#include <span>
#include <string>
#include <vector>

#include "decoders/bpf/policy.h"

namespace boxtrace::bpf {

/// The effective policy of filters in the order of their installation. `ranked`: their functions
/// as Answers::Ranked has them. An answer says which filter decided, see `decided_by`.
[[nodiscard]] Node compose(Diagram& diagram, std::span<const Node> ranked);

/// The index of the filter that gave this answer of `compose`.
[[nodiscard]] constexpr std::size_t decided_by(std::uint64_t answer) {
  return static_cast<std::size_t>(answer >> 48);
}
/// The answer alone.
[[nodiscard]] constexpr std::uint64_t plain_answer(std::uint64_t answer) {
  return answer & ((std::uint64_t{1} << 48) - 1);
}
/// A composed function without the word on who decided.
[[nodiscard]] Node without_deciders(Diagram& diagram, Node composed);

/// Calls of one section that two policies treat differently in the same way.
struct Difference {
  Section section;  ///< its name and kind, without rules
  std::vector<Range> numbers;
  Input example{};         ///< one such call
  std::uint64_t left = 0;  ///< what happens to it
  std::uint64_t right = 0;
  bool conditional = false;  ///< it depends on the arguments
  bool left_dead = false;    ///< the left side kills whatever is called in this section
  bool right_dead = false;
};

/// All differences, or nothing if there are more than a person could read (thousands).
[[nodiscard]] std::optional<std::vector<Difference>> find_differences(Diagram& diagram, Order order,
                                                                      Node left, Node right);

/// `clone(0x20000, 0, 0, 0, 0)` of a section, as many arguments as the call has.
[[nodiscard]] std::string render_call(const Section& section, const Input& input);

/// `chmod, fchmod, 450..`, at most `at_most` of them.
[[nodiscard]] std::string render_numbers(const Section& section, const std::vector<Range>& numbers,
                                         std::size_t at_most);

}  // namespace boxtrace::bpf
