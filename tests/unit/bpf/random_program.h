#pragma once
// Programs at random: valid ones of all instructions, and ones that are broken in one place or
// many. The numbers come from a generator of our own, so that a seed means the same everywhere.

#include <array>
#include <cstdint>
#include <vector>

#include "decoders/bpf/input.h"
#include "decoders/bpf/instruction.h"

namespace boxtrace::bpf::testing {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}
  std::uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ * 0x2545f4914f6cdd1dULL;
  }
  std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>((next() >> 33) % limit);
  }
  bool chance(std::uint32_t percent) { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

/// How many programs a test tries: `usual`, or what BOXTRACE_PROGRAMS in the environment says.
std::size_t program_count(std::size_t usual);

/// A number as filters have them: small, a syscall's, an architecture's, a mask, or any.
std::uint32_t random_constant(Random& random);

/// What a program is mostly made of.
enum class Shape : std::uint8_t {
  Mixed,       ///< everything
  Ladder,      ///< comparisons, as in real filters, with answers in between and far jumps
  Memory,      ///< stores to all words of memory, and loads of them
  Arithmetic,  ///< also by X: products, quotients, shifts
};
inline constexpr std::array kShapes = {Shape::Mixed, Shape::Ladder, Shape::Memory,
                                       Shape::Arithmetic};

/// A program that the kernel takes, with any of its instructions.
Program random_program(Random& random, std::size_t length, Shape shape = Shape::Mixed);

/// A program with mistakes: a valid one with some fields changed, or noise.
Program random_broken_program(Random& random);

/// Inputs near the constants of `program`, and any.
std::vector<Input> random_inputs(Random& random, const Program& program, std::size_t count);

}  // namespace boxtrace::bpf::testing
