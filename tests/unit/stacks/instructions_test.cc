#include "tracer/stacks/instructions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace boxtrace::stacks {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Entry = raw::Stack::Entry;

base::Bytes bytes(const std::string& text) { return base::to_bytes(text); }

TEST(CallBefore, KnowsEveryFormOfCall) {
  const Disassembler disassembler;
  const auto direct = disassembler.call_before(bytes({"\x90\x90\xe8\x10\0\0\0", 7}), 0x1000, false);
  ASSERT_TRUE(direct);
  EXPECT_EQ(direct->target, 0x1010U);
  for (const std::string& indirect :
       {std::string("\xff\xd0"), std::string("\x41\xff\xd3"), std::string("\xff\x50\x08"),
        std::string("\xff\x15\0\0\0\0", 6), std::string("\xff\x54\x24\x08"),
        std::string("\xff\x94\x24\0\x01\0\0", 7), std::string("\x42\xff\x94\xc0\0\x01\0\0", 8)}) {
    const auto call = disassembler.call_before(bytes(indirect), 0x1000, false);
    ASSERT_TRUE(call) << indirect.size();
    EXPECT_FALSE(call->target);
  }
}

TEST(CallBefore, TakesNothingElseForACall) {
  const Disassembler disassembler;
  EXPECT_FALSE(disassembler.call_before(bytes("\x90\x90\x90\x90\x90\x90\x90\x90"), 8, false));
  EXPECT_FALSE(disassembler.call_before(bytes({"\xe9\0\0\0\0", 5}), 8, false)) << "a jump";
  EXPECT_FALSE(disassembler.call_before(bytes("\x0f\x05"), 8, false));
  EXPECT_FALSE(disassembler.call_before({}, 8, false));
}

TEST(EntryInstruction, IsReadFromTheBytesInFrontOfThePointer) {
  EXPECT_EQ(entry_instruction(bytes("\xb8\x27\x0f\x05"), 0x1000), Entry::Syscall);
  EXPECT_EQ(entry_instruction(bytes("\x89\xe5\xcd\x80"), 0x1000), Entry::Int80);
  EXPECT_EQ(entry_instruction(bytes("\x0f\x34\xcd\x80"), 0xf7000000), Entry::Sysenter);
  EXPECT_EQ(entry_instruction(bytes("\x0f\x05\xcd\x80"), 0xf7000000), Entry::Syscall);
  EXPECT_EQ(entry_instruction({}, 0xffffffffff600400), Entry::Vsyscall);
  EXPECT_EQ(entry_instruction(bytes("\x90\x90"), 0x1000), Entry::Unknown);
  EXPECT_EQ(entry_instruction({}, 0), Entry::Unknown);
}

std::vector<std::string> texts(const std::vector<Instruction>& list) {
  std::vector<std::string> out;
  for (const Instruction& one : list) {
    out.push_back((one.is_entry ? "> " : "") + one.text);
  }
  return out;
}

TEST(CallSite, IsReadFromTheInstructionBoundaryThatLeadsToTheCall) {
  raw::CallSite site;
  site.code_at = {0x1000};
  // The tail of some instruction, then: xor edi, edi; mov eax, 155; syscall; cmp rax, -4095; ret
  site.code = bytes({"\x0f\x31\xff\xb8\x9b\0\0\0\x0f\x05\x48\x3d\x01\xf0\xff\xff\xc3", 17});
  site.registers[raw::Registers::kRip] = 0x100a;
  const Disassembler disassembler;
  const auto all = disassembler.around(site, 2, 2);
  EXPECT_THAT(texts(all),
              ElementsAre("xor edi, edi", "mov eax, 0x9b", "> syscall", "cmp rax, -0xfff", "ret"));
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[2].address, 0x1008U);
  EXPECT_THAT(texts(disassembler.around(site, 1, 0)), ElementsAre("mov eax, 0x9b", "> syscall"));
}

TEST(CallSite, MayHoldLessThanItSays) {
  const Disassembler disassembler;
  raw::CallSite site;
  EXPECT_THAT(disassembler.around(site, 4, 4), IsEmpty());
  site.code_at = {0x2000};
  site.registers[raw::Registers::kRip] = 0x1000;
  EXPECT_THAT(disassembler.around(site, 4, 4), IsEmpty());
  site.registers[raw::Registers::kRip] = 0x2001;
  site.code = bytes("\x05");
  EXPECT_THAT(disassembler.around(site, 4, 4), IsEmpty());
  site.registers[raw::Registers::kRip] = 0x2002;
  site.code = bytes("\x0f\x05\x0f");
  EXPECT_THAT(texts(disassembler.around(site, 4, 4)), ElementsAre("> syscall"));
}

TEST(CallSite, OfA32BitProgramIsReadAsSuch) {
  raw::CallSite site;
  site.code_at = {0x1000};
  site.code = bytes("\x40\x48\xcd\x80");  // inc, dec: prefixes in 64-bit code
  site.registers[raw::Registers::kRip] = 0x1004;
  site.registers.is_32bit = true;
  EXPECT_THAT(texts(Disassembler{}.around(site, 4, 4)),
              ElementsAre("inc eax", "dec eax", "> int 0x80"));
}

}  // namespace
}  // namespace boxtrace::stacks
