#pragma once
// Classic BPF as data: the instruction set, and programs as the bytes that the kernel is given.
//
// A seccomp filter is an array of `struct sock_filter`, eight bytes each: an opcode, two short
// forward jumps and a constant. The machine has an accumulator A, an index register X and sixteen
// words of memory; all jumps go forward, so that every program ends. The names of the opcode's
// parts are those of linux/bpf_common.h.
//
// Sources: include/uapi/linux/filter.h, bpf_common.h; Documentation/networking/filter.rst.

#include <cstdint>
#include <vector>

#include "tracer/base/bytes.h"
#include "tracer/base/result.h"

namespace boxtrace::bpf {

struct Instruction {
  std::uint16_t code = 0;
  std::uint8_t jt = 0;  ///< instructions to skip when the comparison holds
  std::uint8_t jf = 0;  ///< and when it does not
  std::uint32_t k = 0;
  friend bool operator==(const Instruction&, const Instruction&) = default;
};

using Program = std::vector<Instruction>;

inline constexpr std::size_t kInstructionSize = 8;
inline constexpr std::size_t kMaxInstructions = 4096;  ///< BPF_MAXINSNS
inline constexpr std::size_t kMemoryWords = 16;        ///< BPF_MEMWORDS

/// What an opcode does, with the operand apart: K (the constant) or X.
enum class Op : std::uint8_t {
  LoadWord,    ///< A = word at offset k of struct seccomp_data
  LoadLength,  ///< A = sizeof(struct seccomp_data)
  LoadImmediate,
  LoadMemory,
  LoadXLength,
  LoadXImmediate,
  LoadXMemory,
  Store,
  StoreX,
  Add,
  Subtract,
  Multiply,
  Divide,
  And,
  Or,
  Xor,
  ShiftLeft,
  ShiftRight,
  Negate,
  Jump,
  JumpEqual,
  JumpGreater,
  JumpGreaterEqual,
  JumpSet,  ///< if A and the operand have a bit in common
  ReturnConstant,
  ReturnA,
  ToX,    ///< X = A
  FromX,  ///< A = X
};

struct Opcode {
  Op op = Op::LoadWord;
  bool by_x = false;  ///< the second operand is X, not k
};

/// The opcode if it is one of those that seccomp permits; null otherwise. Source: kernel/seccomp.c:
/// seccomp_check_filter.
[[nodiscard]] const Opcode* decode_opcode(std::uint16_t code);
/// The other way round.
[[nodiscard]] std::uint16_t opcode_of(Op op, bool by_x);

[[nodiscard]] constexpr bool is_conditional(Op op) {
  return op >= Op::JumpEqual && op <= Op::JumpSet;
}
[[nodiscard]] constexpr bool is_arithmetic(Op op) { return op >= Op::Add && op <= Op::ShiftRight; }

/// The instructions in `bytes`, as they lie in the memory of a little-endian machine.
///
/// @errors  a length that is no multiple of eight.
[[nodiscard]] base::Result<Program> parse_program(base::ByteView bytes);
[[nodiscard]] base::Bytes render_program(const Program& program);

}  // namespace boxtrace::bpf
