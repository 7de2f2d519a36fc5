#include "decoders/bpf/instruction.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace boxtrace::bpf {
namespace {

struct Row {
  std::uint16_t code = 0;
  Opcode opcode;
};

// Class | size or operation | mode or source, in the order of Op.
constexpr std::array kRows = {
    Row{0x20, {Op::LoadWord, false}},          // LD|W|ABS
    Row{0x80, {Op::LoadLength, false}},        // LD|W|LEN
    Row{0x00, {Op::LoadImmediate, false}},     // LD|IMM
    Row{0x60, {Op::LoadMemory, false}},        // LD|MEM
    Row{0x81, {Op::LoadXLength, false}},       // LDX|W|LEN
    Row{0x01, {Op::LoadXImmediate, false}},    // LDX|IMM
    Row{0x61, {Op::LoadXMemory, false}},       // LDX|MEM
    Row{0x02, {Op::Store, false}},             // ST
    Row{0x03, {Op::StoreX, false}},            // STX
    Row{0x04, {Op::Add, false}},               // ALU|ADD|K
    Row{0x0c, {Op::Add, true}},                //
    Row{0x14, {Op::Subtract, false}},          // ALU|SUB
    Row{0x1c, {Op::Subtract, true}},           //
    Row{0x24, {Op::Multiply, false}},          // ALU|MUL
    Row{0x2c, {Op::Multiply, true}},           //
    Row{0x34, {Op::Divide, false}},            // ALU|DIV
    Row{0x3c, {Op::Divide, true}},             //
    Row{0x54, {Op::And, false}},               // ALU|AND
    Row{0x5c, {Op::And, true}},                //
    Row{0x44, {Op::Or, false}},                // ALU|OR
    Row{0x4c, {Op::Or, true}},                 //
    Row{0xa4, {Op::Xor, false}},               // ALU|XOR
    Row{0xac, {Op::Xor, true}},                //
    Row{0x64, {Op::ShiftLeft, false}},         // ALU|LSH
    Row{0x6c, {Op::ShiftLeft, true}},          //
    Row{0x74, {Op::ShiftRight, false}},        // ALU|RSH
    Row{0x7c, {Op::ShiftRight, true}},         //
    Row{0x84, {Op::Negate, false}},            // ALU|NEG
    Row{0x05, {Op::Jump, false}},              // JMP|JA
    Row{0x15, {Op::JumpEqual, false}},         // JMP|JEQ|K
    Row{0x1d, {Op::JumpEqual, true}},          //
    Row{0x25, {Op::JumpGreater, false}},       // JMP|JGT
    Row{0x2d, {Op::JumpGreater, true}},        //
    Row{0x35, {Op::JumpGreaterEqual, false}},  // JMP|JGE
    Row{0x3d, {Op::JumpGreaterEqual, true}},   //
    Row{0x45, {Op::JumpSet, false}},           // JMP|JSET
    Row{0x4d, {Op::JumpSet, true}},            //
    Row{0x06, {Op::ReturnConstant, false}},    // RET|K
    Row{0x16, {Op::ReturnA, false}},           // RET|A
    Row{0x07, {Op::ToX, false}},               // MISC|TAX
    Row{0x87, {Op::FromX, false}},             // MISC|TXA
};

using ByCode = std::array<const Opcode*, 256>;

constexpr ByCode make_index() {
  ByCode index{};
  for (const Row& row : kRows) {
    index.at(row.code) = &row.opcode;
  }
  return index;
}
constexpr ByCode kByCode = make_index();

}  // namespace

const Opcode* decode_opcode(std::uint16_t code) {
  return code < kByCode.size() ? kByCode.at(code) : nullptr;
}

std::uint16_t opcode_of(Op op, bool by_x) {
  const auto* const row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& candidate) {
    return candidate.opcode.op == op && candidate.opcode.by_x == by_x;
  });
  BT_CHECK(row != kRows.end(), "an operation without an opcode");
  return row->code;
}

base::Result<Program> parse_program(base::ByteView bytes) {
  if (bytes.size() % kInstructionSize != 0) {
    return base::Error{
        0, std::to_string(bytes.size()) + " bytes are not whole instructions of 8 bytes each", {}};
  }
  Program program;
  program.reserve(bytes.size() / kInstructionSize);
  for (std::size_t at = 0; at < bytes.size(); at += kInstructionSize) {
    program.push_back({base::read_le<std::uint16_t>(bytes, at).value_or(0),
                       base::read_le<std::uint8_t>(bytes, at + 2).value_or(0),
                       base::read_le<std::uint8_t>(bytes, at + 3).value_or(0),
                       base::read_le<std::uint32_t>(bytes, at + 4).value_or(0)});
  }
  return program;
}

base::Bytes render_program(const Program& program) {
  base::Bytes bytes;
  bytes.reserve(program.size() * kInstructionSize);
  const auto put = [&bytes](std::uint32_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i) {
      bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
    }
  };
  for (const Instruction& instruction : program) {
    put(instruction.code, 2);
    put(instruction.jt, 1);
    put(instruction.jf, 1);
    put(instruction.k, 4);
  }
  return bytes;
}

}  // namespace boxtrace::bpf
