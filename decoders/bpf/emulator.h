#pragma once
// Runs a filter on one call, as the kernel would.
//
// The rules that are easy to get wrong: A and X are zero at the start; arithmetic is modulo 2^32;
// a shift by X uses the low five bits of X; a division by an X of zero ends the program with the
// answer 0, which is KILL_THREAD; LEN is 64, the size of struct seccomp_data.
//
// Source: net/core/filter.c: bpf_convert_filter, which translates all this for today's kernels.

#include <cstdint>

#include "decoders/bpf/input.h"
#include "decoders/bpf/instruction.h"

namespace boxtrace::bpf {

struct Ending {
  std::uint32_t result = 0;  ///< SECCOMP_RET_* and data, as returned
  std::size_t pc = 0;        ///< the instruction that ended it: a RET, or a division by zero
};

/// `program` must be one that find_refusal has nothing against.
[[nodiscard]] Ending evaluate(const Program& program, const Input& input);

}  // namespace boxtrace::bpf
