#include "decoders/bpf/verdict.h"

#include <fmt/format.h>

#include "decoders/bpf/input.h"

namespace boxtrace::bpf {
namespace {

constexpr std::uint32_t kWordBits = 32;

std::string judge_jump(const Instruction& instruction, const Opcode& opcode, std::size_t pc,
                       std::size_t length) {
  // The kernel computes both in 32 bits without sign, and the program is never empty.
  const std::size_t behind = length - pc - 1;
  if (opcode.op == Op::Jump) {
    return instruction.k >= behind ? "jumps past the end" : "";
  }
  return instruction.jt >= behind || instruction.jf >= behind ? "jumps past the end" : "";
}

/// What is wrong with one instruction by itself; empty when nothing is.
std::string judge(const Instruction& instruction, std::size_t pc, std::size_t length) {
  const Opcode* opcode = decode_opcode(instruction.code);
  if (opcode == nullptr) {
    return fmt::format("opcode 0x{:02x} is not permitted in a seccomp filter", instruction.code);
  }
  const std::uint32_t k = instruction.k;
  switch (opcode->op) {
    case Op::LoadWord:
      return k >= kInputSize ? fmt::format("loads offset {}, past struct seccomp_data", k)
             : k % 4 != 0    ? fmt::format("loads offset {}, which is not aligned", k)
                             : "";
    case Op::Divide:
      return !opcode->by_x && k == 0 ? "divides by zero" : "";
    case Op::ShiftLeft:
    case Op::ShiftRight:
      return !opcode->by_x && k >= kWordBits ? fmt::format("shifts by {} bits of 32", k) : "";
    case Op::LoadMemory:
    case Op::LoadXMemory:
    case Op::Store:
    case Op::StoreX:
      return k >= kMemoryWords ? fmt::format("memory has 16 words, not a word {}", k) : "";
    default:
      break;
  }
  const bool jumps = opcode->op == Op::Jump || is_conditional(opcode->op);
  return jumps ? judge_jump(instruction, *opcode, pc, length) : "";
}

/// The first read of a word of memory that some path has not written.
std::optional<Refusal> find_unwritten_read(const Program& program) {
  constexpr std::uint16_t kAll = 0xffff;
  // What has been written on every path to an instruction. As in the kernel, a RET does not end
  // what is known: the instruction behind it starts from there unless something jumps to it.
  std::vector<std::uint16_t> written(program.size(), kAll);
  std::uint16_t now = 0;
  const auto jump = [&](std::size_t target) { written[target] &= now; };
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    now &= written[pc];
    const Instruction& instruction = program[pc];
    const Op op = decode_opcode(instruction.code)->op;
    const auto bit = static_cast<std::uint16_t>(1U << (instruction.k % kMemoryWords));
    if (op == Op::Store || op == Op::StoreX) {
      now |= bit;
    } else if (op == Op::LoadMemory || op == Op::LoadXMemory) {
      if ((now & bit) == 0) {
        return Refusal{pc,
                       fmt::format("reads M[{}], which some path has not written", instruction.k)};
      }
    } else if (op == Op::Jump) {
      jump(pc + 1 + instruction.k);
      now = kAll;
    } else if (is_conditional(op)) {
      jump(pc + 1 + instruction.jt);
      jump(pc + 1 + instruction.jf);
      now = kAll;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> find_refusal(const Program& program) {
  if (program.empty()) {
    return Refusal{std::nullopt, "is empty"};
  }
  if (program.size() > kMaxInstructions) {
    return Refusal{std::nullopt, fmt::format("has {} instructions, the kernel takes {}",
                                             program.size(), kMaxInstructions)};
  }
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    std::string why = judge(program[pc], pc, program.size());
    if (!why.empty()) {
      return Refusal{pc, std::move(why)};
    }
  }
  const Op last = decode_opcode(program.back().code)->op;
  if (last != Op::ReturnConstant && last != Op::ReturnA) {
    return Refusal{program.size() - 1, "is the last instruction and no RET"};
  }
  return find_unwritten_read(program);
}

std::string render_refusal(const Refusal& refusal) {
  return (refusal.pc ? fmt::format("instruction {} ", *refusal.pc) : "the program ") + refusal.why;
}

}  // namespace boxtrace::bpf
