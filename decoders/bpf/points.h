#pragma once
// Inputs at which a filter is worth checking: all architectures and numbers, and arguments at and
// beside the constants that the program compares them with.

#include <vector>

#include "decoders/bpf/input.h"
#include "decoders/bpf/instruction.h"

namespace boxtrace::bpf {

struct PointChoice {
  std::vector<std::uint32_t> archs;
  std::uint32_t numbers = 601;    ///< from 0; on x86-64 the same again with the x32 bit
  std::size_t vectors = 12;       ///< of arguments for each number, at least
  std::size_t most_vectors = 48;  ///< for programs that compare arguments with much
};

/// The architectures that points usually have: six real ones and one that does not exist.
[[nodiscard]] PointChoice usual_points();

/// The same program and choice give the same points.
[[nodiscard]] std::vector<Input> make_points(const Program& program, const PointChoice& choice);

}  // namespace boxtrace::bpf
