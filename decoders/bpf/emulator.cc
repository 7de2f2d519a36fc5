#include "decoders/bpf/emulator.h"

#include <array>

namespace boxtrace::bpf {
namespace {

std::uint32_t compute(Op op, std::uint32_t a, std::uint32_t b) {
  switch (op) {
    case Op::Add:
      return a + b;
    case Op::Subtract:
      return a - b;
    case Op::Multiply:
      return a * b;
    case Op::Divide:
      return a / b;
    case Op::And:
      return a & b;
    case Op::Or:
      return a | b;
    case Op::Xor:
      return a ^ b;
    case Op::ShiftLeft:
      return a << (b & 31);
    case Op::ShiftRight:
      return a >> (b & 31);
    default:
      return a;
  }
}

bool compare(Op op, std::uint32_t a, std::uint32_t b) {
  switch (op) {
    case Op::JumpEqual:
      return a == b;
    case Op::JumpGreater:
      return a > b;
    case Op::JumpGreaterEqual:
      return a >= b;
    default:
      return (a & b) != 0;
  }
}

struct Machine {
  std::uint32_t a = 0;
  std::uint32_t x = 0;
  std::array<std::uint32_t, kMemoryWords> memory{};
};

/// Everything that neither jumps nor returns nor computes.
void move_word(Machine& machine, Op op, std::uint32_t k, const Input& input) {
  switch (op) {
    case Op::LoadWord:
      machine.a = input.at(k / 4);
      break;
    case Op::LoadLength:
      machine.a = kInputSize;
      break;
    case Op::LoadImmediate:
      machine.a = k;
      break;
    case Op::LoadMemory:
      machine.a = machine.memory.at(k);
      break;
    case Op::LoadXLength:
      machine.x = kInputSize;
      break;
    case Op::LoadXImmediate:
      machine.x = k;
      break;
    case Op::LoadXMemory:
      machine.x = machine.memory.at(k);
      break;
    case Op::Store:
      machine.memory.at(k) = machine.a;
      break;
    case Op::StoreX:
      machine.memory.at(k) = machine.x;
      break;
    case Op::ToX:
      machine.x = machine.a;
      break;
    case Op::FromX:
      machine.a = machine.x;
      break;
    default:
      break;
  }
}

}  // namespace

Ending evaluate(const Program& program, const Input& input) {
  Machine machine;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const Instruction& instruction = program[pc];
    const Opcode* opcode = decode_opcode(instruction.code);
    BT_CHECK(opcode != nullptr, "a program is run that the kernel would refuse");
    const std::uint32_t operand = opcode->by_x ? machine.x : instruction.k;
    const Op op = opcode->op;
    if (op == Op::ReturnConstant || op == Op::ReturnA) {
      return {op == Op::ReturnA ? machine.a : instruction.k, pc};
    }
    if (op == Op::Jump) {
      pc += instruction.k;
    } else if (is_conditional(op)) {
      pc += compare(op, machine.a, operand) ? instruction.jt : instruction.jf;
    } else if (is_arithmetic(op)) {
      if (op == Op::Divide && operand == 0) {
        return {0, pc};
      }
      machine.a = compute(op, machine.a, operand);
    } else if (op == Op::Negate) {
      machine.a = 0U - machine.a;
    } else {
      move_word(machine, op, instruction.k, input);
    }
  }
  BT_CHECK(false, "a program ended without RET");
  return {};
}

}  // namespace boxtrace::bpf
