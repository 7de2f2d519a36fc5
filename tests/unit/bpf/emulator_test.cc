#include "decoders/bpf/emulator.h"

#include <gtest/gtest.h>

namespace boxtrace::bpf {
namespace {

Input some_input() {
  Input input{};
  input[kNumberWord] = 7;
  input[kArchWord] = 0xC000003E;
  set_argument(input, 0, 0x1'0000'0002, false);
  return input;
}

/// The result of `body` followed by RET A.
std::uint32_t run(Program body) {
  body.push_back({opcode_of(Op::ReturnA, false), 0, 0, 0});
  return evaluate(body, some_input()).result;
}

TEST(BpfEmulator, ArithmeticIsModulo32Bits) {
  const auto with = [](Op op, std::uint32_t a, std::uint32_t b) {
    return run({{opcode_of(Op::LoadImmediate, false), 0, 0, a}, {opcode_of(op, false), 0, 0, b}});
  };
  EXPECT_EQ(with(Op::Add, 0xffffffff, 2), 1U);
  EXPECT_EQ(with(Op::Subtract, 1, 2), 0xffffffffU);
  EXPECT_EQ(with(Op::Multiply, 0x10001, 0x10001), 0x20001U);
  EXPECT_EQ(with(Op::Divide, 7, 2), 3U);
  EXPECT_EQ(with(Op::Xor, 6, 3), 5U);
  EXPECT_EQ(with(Op::ShiftLeft, 1, 31), 0x80000000U);
  EXPECT_EQ(run({{opcode_of(Op::LoadImmediate, false), 0, 0, 1},
                 {opcode_of(Op::Negate, false), 0, 0, 0}}),
            0xffffffffU);
}

TEST(BpfEmulator, AShiftByXUsesFiveBits) {
  EXPECT_EQ(run({{opcode_of(Op::LoadImmediate, false), 0, 0, 3},
                 {opcode_of(Op::LoadXImmediate, false), 0, 0, 33},
                 {opcode_of(Op::ShiftLeft, true), 0, 0, 0}}),
            6U);
}

TEST(BpfEmulator, ADivisionByAZeroXAnswersZero) {
  const Program program = {{opcode_of(Op::LoadImmediate, false), 0, 0, 3},
                           {opcode_of(Op::Divide, true), 0, 0, 0},
                           {opcode_of(Op::ReturnConstant, false), 0, 0, 0x7fff0000}};
  const Ending end = evaluate(program, some_input());
  EXPECT_EQ(end.result, 0U);
  EXPECT_EQ(end.pc, 1U);
}

TEST(BpfEmulator, LoadsWordsOfTheCall) {
  const auto load = [](std::uint32_t offset) {
    return run({{opcode_of(Op::LoadWord, false), 0, 0, offset}});
  };
  EXPECT_EQ(load(0), 7U);
  EXPECT_EQ(load(4), 0xC000003EU);
  EXPECT_EQ(load(16), 2U);
  EXPECT_EQ(load(20), 1U);
  EXPECT_EQ(run({{opcode_of(Op::LoadLength, false), 0, 0, 0}}), 64U);
}

}  // namespace
}  // namespace boxtrace::bpf
