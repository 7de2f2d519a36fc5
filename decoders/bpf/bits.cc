#include "decoders/bpf/bits.h"

#include <utility>

namespace boxtrace::bpf {
namespace {

constexpr Node kFalse = Diagram::kFalse;
constexpr Node kTrue = Diagram::kTrue;

/// a + b + carry, and a + ~b + 1 for a - b.
Word add(Diagram& d, const Word& a, const Word& b, bool subtract) {
  Word sum{};
  Node carry = subtract ? kTrue : kFalse;
  for (unsigned i = 0; i < kWordBits; ++i) {
    const Node addend = subtract ? d.negation(b.at(i)) : b.at(i);
    const Node half = d.exclusive(a.at(i), addend);
    sum.at(i) = d.exclusive(half, carry);
    carry = d.choose(half, carry, addend);
  }
  return sum;
}

Word shift_by(const Word& a, unsigned count, bool left) {
  Word out = constant_word(0);
  for (unsigned i = count; i < kWordBits; ++i) {
    out.at(left ? i : i - count) = a.at(left ? i - count : i);
  }
  return out;
}

/// A barrel: one stage for each of the five bits of the count that the machine looks at.
Word shift(Diagram& d, const Word& a, const Word& count, bool left) {
  Word out = a;
  for (unsigned stage = 0; stage < 5; ++stage) {
    out = choose(d, count.at(stage), shift_by(out, 1U << stage, left), out);
  }
  return out;
}

Word multiply(Diagram& d, const Word& a, const Word& b) {
  Word sum = constant_word(0);
  for (unsigned i = 0; i < kWordBits && !d.overflowed(); ++i) {
    if (b.at(i) != kFalse) {
      sum = add(d, sum, choose(d, b.at(i), shift_by(a, i, true), constant_word(0)), false);
    }
  }
  return sum;
}

/// Long division, a bit at a time: the remainder takes the next bit and gives the divisor back if
/// it can. `carry` is its 33rd bit.
Word divide(Diagram& d, const Word& a, const Word& b) {
  Word quotient = constant_word(0);
  Word rest = constant_word(0);
  for (unsigned i = kWordBits; i-- > 0 && !d.overflowed();) {
    const Node carry = rest.at(kWordBits - 1);
    rest = shift_by(rest, 1, true);
    rest.at(0) = a.at(i);
    const Node fits = d.disjunction(carry, compare(d, Op::JumpGreaterEqual, rest, b));
    quotient.at(i) = fits;
    if (fits != kFalse) {
      rest = choose(d, fits, add(d, rest, b, true), rest);
    }
  }
  return quotient;
}

}  // namespace

Word constant_word(std::uint32_t value) {
  Word word{};
  for (unsigned i = 0; i < kWordBits; ++i) {
    word.at(i) = (value >> i & 1U) != 0 ? kTrue : kFalse;
  }
  return word;
}

Word choose(Diagram& diagram, Node condition, const Word& then, const Word& otherwise) {
  Word out{};
  for (unsigned i = 0; i < kWordBits; ++i) {
    out.at(i) = diagram.choose(condition, then.at(i), otherwise.at(i));
  }
  return out;
}

Word compute(Diagram& diagram, Op op, const Word& a, const Word& b) {
  Word out{};
  switch (op) {
    case Op::Add:
      return add(diagram, a, b, false);
    case Op::Subtract:
      return add(diagram, a, b, true);
    case Op::Multiply:
      return multiply(diagram, a, b);
    case Op::Divide:
      return divide(diagram, a, b);
    case Op::ShiftLeft:
      return shift(diagram, a, b, true);
    case Op::ShiftRight:
      return shift(diagram, a, b, false);
    default:
      break;
  }
  for (unsigned i = 0; i < kWordBits; ++i) {
    const Node x = a.at(i);
    const Node y = b.at(i);
    out.at(i) = op == Op::And  ? diagram.conjunction(x, y)
                : op == Op::Or ? diagram.disjunction(x, y)
                               : diagram.exclusive(x, y);
  }
  return out;
}

Word negated(Diagram& diagram, const Word& a) { return add(diagram, constant_word(0), a, true); }

// All three go from the least significant bit up: in the order of the levels the most significant
// bit of a word comes first, so that each step adds a node on top of what is there.
Node compare(Diagram& diagram, Op op, const Word& a, const Word& b) {
  Node result = op == Op::JumpEqual || op == Op::JumpGreaterEqual ? kTrue : kFalse;
  for (unsigned i = 0; i < kWordBits; ++i) {
    const Node x = a.at(i);
    const Node y = b.at(i);
    if (op == Op::JumpSet) {
      result = diagram.disjunction(diagram.conjunction(x, y), result);
      continue;
    }
    const Node differ = diagram.exclusive(x, y);
    result = diagram.choose(differ, op == Op::JumpEqual ? kFalse : x, result);
  }
  return result;
}

Node is_zero(Diagram& diagram, const Word& a) {
  return compare(diagram, Op::JumpEqual, a, constant_word(0));
}

}  // namespace boxtrace::bpf
