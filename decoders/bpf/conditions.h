#pragma once
// The argument part of a policy in words: from a decision diagram over the arguments to the
// shortest of several true statements.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "decoders/bpf/policy.h"

namespace boxtrace::bpf {

/// The values of a word that lead to the same function.
struct Piece {
  Range range;
  Node function = Diagram::kFalse;
};

/// `root` by the values of the 32 bits from `first_level` on, ascending, neighbours with the same
/// function made one; nothing if there are more than `at_most`.
[[nodiscard]] std::optional<std::vector<Piece>> split_word(const Diagram& diagram, Node root,
                                                           Level first_level, std::size_t at_most);

/// Those of `all` that are numbers of the section. What lies between two ranges and is none does
/// not part them.
[[nodiscard]] std::vector<Piece> pieces_in(const Section& section, const std::vector<Piece>& all);

/// One answer of a function of the arguments.
struct Clause {
  Condition when;
  std::uint64_t result = 0;
};

/// How people read the values of a field: flags as a set of bits, the others as one number.
enum class FieldKind : std::uint8_t { Number, Flags };
using FieldKinds = std::array<FieldKind, kArguments + 1>;

/// The function as clauses of which the first that holds decides. Where none does it is
/// `otherwise`. Nothing if the statement would be too long to be of use.
[[nodiscard]] std::optional<std::vector<Clause>> explain_function(Diagram& diagram, Order order,
                                                                  Node function,
                                                                  std::uint64_t otherwise,
                                                                  bool big_endian,
                                                                  const FieldKinds& kinds);

}  // namespace boxtrace::bpf
