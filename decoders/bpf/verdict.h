#pragma once
// Would the kernel take this program as a seccomp filter? The same answer, for any bytes.
//
// Three walks: bpf_check_classic looks at each instruction (known opcode, divisor, shift, index,
// jump inside the program) and wants a RET at the end; check_load_and_stores wants every word of
// memory to be written on every path before it is read; seccomp_check_filter leaves only some of
// the opcodes and wants loads to be aligned words of struct seccomp_data. Two traps: dead code is
// checked like live code, and `RET X` passes none of the lists although the assembler has it.
//
// All refusals are EINVAL, so what the kernel does not say is said here: which instruction, and
// why. Not judged: the sum over the filters of a task, which counts translated instructions (ENOMEM
// above 32,768; kernel/seccomp.c: seccomp_attach_filter), and the right to install one (EACCES).
//
// Sources: net/core/filter.c: bpf_check_classic, check_load_and_stores, bpf_check_basics_ok;
// kernel/seccomp.c: seccomp_check_filter.

#include <optional>
#include <string>

#include "decoders/bpf/instruction.h"

namespace boxtrace::bpf {

/// Why the kernel refuses a program (with EINVAL).
struct Refusal {
  std::optional<std::size_t> pc;  ///< the instruction at fault; empty: the program as a whole
  std::string why;                ///< half a sentence: `jumps past the end`
};

/// The first refusal in program order, or nothing when the kernel takes it.
[[nodiscard]] std::optional<Refusal> find_refusal(const Program& program);

[[nodiscard]] std::string render_refusal(const Refusal& refusal);

}  // namespace boxtrace::bpf
