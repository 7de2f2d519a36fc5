#include "decoders/bpf/points.h"

#include <algorithm>
#include <array>

namespace boxtrace::bpf {
namespace {

using Words = std::array<std::vector<std::uint32_t>, kInputWords>;

/// For each word of the input, the constants that it meets in the program and their neighbours.
/// The load that a comparison belongs to is the last one before it, which is how programs are
/// written; where that is wrong, only the choice of points suffers.
Words find_constants(const Program& program) {
  Words words;
  std::size_t word = 0;
  for (const Instruction& in : program) {
    const Opcode* opcode = decode_opcode(in.code);
    if (opcode == nullptr) {
      continue;
    }
    if (opcode->op == Op::LoadWord) {
      word = in.k / 4 % kInputWords;
    } else if (!opcode->by_x && (is_conditional(opcode->op) || is_arithmetic(opcode->op))) {
      for (const std::uint32_t value : {in.k, in.k + 1, in.k - 1, ~in.k, in.k | 0x80000000}) {
        words.at(word).push_back(value);
      }
    }
  }
  for (std::size_t i = kPointerWord; i < kInputWords; ++i) {
    for (const std::uint32_t value : {0U, 1U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
      words.at(i).push_back(value);
    }
  }
  for (std::vector<std::uint32_t>& values : words) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
  }
  return words;
}

/// Argument vectors: the first ones are all zeros and all ones, the others mix the constants.
std::vector<Input> make_vectors(const Words& words, const PointChoice& choice) {
  std::size_t count = choice.vectors;
  for (std::size_t i = kPointerWord; i < kInputWords; ++i) {
    count = std::max(count, std::min(choice.most_vectors, 2 * words.at(i).size()));
  }
  std::vector<Input> vectors(count);
  std::uint64_t state = 0x9e3779b97f4a7c15ULL;
  const auto pick = [&state](std::size_t limit) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<std::size_t>(state % limit);
  };
  for (std::size_t n = 1; n < count; ++n) {
    for (std::size_t i = kPointerWord; i < kInputWords; ++i) {
      const std::vector<std::uint32_t>& values = words.at(i);
      // Half of the high words are zero: else no 64-bit comparison would ever hold.
      const bool zero = i % 2 != 0 && n % 2 == 0;
      vectors[n].at(i) = n == 1 ? 0xffffffff : zero ? 0 : values[pick(values.size())];
    }
  }
  return vectors;
}

}  // namespace

PointChoice usual_points() {
  return {{0xC000003E, 0x40000003, 0xC00000B7, 0x40000028, 0x80000016, 0xC00000F3, 0x12345678},
          601,
          12,
          48};
}

std::vector<Input> make_points(const Program& program, const PointChoice& choice) {
  constexpr std::uint32_t kX86 = 0xC000003E;
  const Words words = find_constants(program);
  const std::vector<Input> vectors = make_vectors(words, choice);
  std::vector<Input> points;
  for (const std::uint32_t arch : choice.archs) {
    std::vector<std::uint32_t> numbers = words[kNumberWord];
    for (std::uint32_t nr = 0; nr < choice.numbers; ++nr) {
      numbers.push_back(nr);
      if (arch == kX86) {
        numbers.push_back(nr | kX32Bit);
      }
    }
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    for (const std::uint32_t nr : numbers) {
      for (const Input& vector : vectors) {
        Input point = vector;
        point[kNumberWord] = nr;
        point[kArchWord] = arch;
        points.push_back(point);
      }
    }
  }
  return points;
}

}  // namespace boxtrace::bpf
