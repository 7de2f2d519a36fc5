#pragma once
// Words of 32 bits whose bits are conditions on a filter's input, and the circuits that compute
// with them: what an adder does with wires, done with diagrams.

#include <array>
#include <cstdint>

#include "decoders/bpf/diagram.h"
#include "decoders/bpf/instruction.h"

namespace boxtrace::bpf {

inline constexpr unsigned kWordBits = 32;

/// Bit 0 is the least significant one.
using Word = std::array<Node, kWordBits>;

[[nodiscard]] Word constant_word(std::uint32_t value);

/// `op` is arithmetic, not Divide by a word that may be zero: where it is, the quotient means
/// nothing.
[[nodiscard]] Word compute(Diagram& diagram, Op op, const Word& a, const Word& b);
[[nodiscard]] Word negated(Diagram& diagram, const Word& a);

/// The condition that the jump `op` is taken.
[[nodiscard]] Node compare(Diagram& diagram, Op op, const Word& a, const Word& b);
[[nodiscard]] Node is_zero(Diagram& diagram, const Word& a);

/// `then` where the condition holds, else `otherwise`.
[[nodiscard]] Word choose(Diagram& diagram, Node condition, const Word& then,
                          const Word& otherwise);

}  // namespace boxtrace::bpf
