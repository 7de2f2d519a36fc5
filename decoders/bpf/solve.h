#pragma once
// From a program to the function that it computes, exactly.
//
// All inputs are run at once. The registers are words of conditions (bits.h); every instruction is
// executed once, in the order of the program, which works because all jumps go forward. Where paths
// meet, each live bit becomes "on that path this, else that", so that a thousand diamonds cost a
// thousand steps and not 2^1000 paths. What reaches a RET is the condition of its answer.
//
// The size of a diagram depends on the order of the bits, and some functions (a product of two
// arguments) are large in every order. So each operation may use a part of what is left of nodes
// and of steps. What does not fit becomes bits that may be anything: where the answer does not
// depend on them it still is exact, and elsewhere it is `kUndecided` and the result is not proven.
// The first order has the arguments one behind the other, which suits every real filter; if it
// proves nothing, another try has the arguments' bits interleaved, which suits comparisons between
// arguments.

#include <memory>
#include <span>
#include <vector>

#include "decoders/bpf/bits.h"
#include "decoders/bpf/input.h"

namespace boxtrace::bpf {

enum class Order : std::uint8_t { OneByOne, Interleaved };

/// Where a bit of the input is in the order: architecture, number, instruction pointer, arguments;
/// the most significant bit first. 512 levels; what may be anything comes behind them.
inline constexpr Level kInputLevels = 512;
[[nodiscard]] Level level_of(Order order, std::size_t word, unsigned bit);
struct InputBit {
  std::size_t word = 0;
  unsigned bit = 0;
};
[[nodiscard]] InputBit bit_at(Order order, Level level);

inline constexpr Level kNumberLevel = 32;    ///< the first bit of the number
inline constexpr Level kArgumentLevel = 64;  ///< and of what comes behind it

/// The answer "one of several", where nothing was proven.
inline constexpr std::uint64_t kUndecided = std::uint64_t{1} << 40;

/// What a result is made into at the end.
enum class Answers : std::uint8_t {
  Effective,  ///< what the kernel does: for a filter that is alone
  Ranked,     ///< what it compares with other filters' answers (outcome.h)
};

/// Several programs in one diagram.
struct Solution {
  std::unique_ptr<Diagram> diagram;
  Order order = Order::OneByOne;
  std::vector<Node> roots;   ///< one a program
  std::vector<bool> proven;  ///< no answer of it is kUndecided
};

/// What solving may take. The usual one is some 50 MB and half a second; a real filter takes a
/// tenth of it.
struct Effort {
  std::size_t nodes = 2'000'000;
  std::uint64_t steps = 1'000'000;  ///< in each order
};

/// Programs must be valid (verdict.h).
[[nodiscard]] Solution solve(std::span<const Program> programs,
                             Answers answers = Answers::Effective, const Effort& effort = {});

/// The answer for an input: effective or ranked, or kUndecided.
[[nodiscard]] std::uint64_t answer_for(const Diagram& diagram, Order order, Node root,
                                       const Input& input);

}  // namespace boxtrace::bpf
