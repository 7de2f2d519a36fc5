#include "decoders/bpf/verdict.h"

#include <gtest/gtest.h>

namespace boxtrace::bpf {
namespace {

constexpr Instruction kReturn{0x06, 0, 0, 0x7fff0000};

std::string why(Program program) {
  const auto refusal = find_refusal(program);
  return refusal ? render_refusal(*refusal) : "";
}

TEST(BpfVerdict, NamesTheInstructionAndTheReason) {
  EXPECT_EQ(why({kReturn}), "");
  EXPECT_EQ(why({}), "the program is empty");
  EXPECT_EQ(why(Program(4097, kReturn)),
            "the program has 4097 instructions, the kernel takes 4096");
  EXPECT_EQ(why({{0x0e, 0, 0, 0}, kReturn}),
            "instruction 0 opcode 0x0e is not permitted in a seccomp filter");
  EXPECT_EQ(why({{0x20, 0, 0, 64}, kReturn}),
            "instruction 0 loads offset 64, past struct seccomp_data");
  EXPECT_EQ(why({{0x20, 0, 0, 6}, kReturn}), "instruction 0 loads offset 6, which is not aligned");
  EXPECT_EQ(why({{0x34, 0, 0, 0}, kReturn}), "instruction 0 divides by zero");
  EXPECT_EQ(why({{0x64, 0, 0, 32}, kReturn}), "instruction 0 shifts by 32 bits of 32");
  EXPECT_EQ(why({{0x02, 0, 0, 16}, kReturn}), "instruction 0 memory has 16 words, not a word 16");
  EXPECT_EQ(why({{0x05, 0, 0, 0xffffffff}, kReturn}), "instruction 0 jumps past the end");
  EXPECT_EQ(why({{0x15, 0, 1, 0}, kReturn}), "instruction 0 jumps past the end");
  EXPECT_EQ(why({{0x05, 0, 0, 0}, {0x00, 0, 0, 0}}),
            "instruction 1 is the last instruction and no RET");
}

TEST(BpfVerdict, MemoryMustBeWrittenOnEveryPath) {
  // 0: jeq 0 -> 2, else 1.  1: st M[0].  2: ld M[0].
  EXPECT_EQ(why({{0x15, 1, 0, 0}, {0x02, 0, 0, 0}, {0x60, 0, 0, 0}, kReturn}),
            "instruction 2 reads M[0], which some path has not written");
  EXPECT_EQ(why({{0x02, 0, 0, 0}, {0x60, 0, 0, 0}, kReturn}), "");
}

}  // namespace
}  // namespace boxtrace::bpf
