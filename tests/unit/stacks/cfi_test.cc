#include "tracer/stacks/cfi.h"

#include <gtest/gtest.h>

#include "tests/unit/stacks/fake_elf.h"
#include "tracer/stacks/eh_frame.h"

namespace boxtrace::stacks {
namespace {

using Outcome = CfiStep::Outcome;
using R = raw::Registers;

constexpr std::uint64_t kStack = 0x7000;

// DW_CFA_*; DWARF 5, section 7.24.
const std::string kPlain;
const std::string kPushedRbp("\x0e\x10\x86\x02", 4);       // def_cfa_offset 16; offset rbp cfa-16
const std::string kNoCaller("\x07\x10", 2);                // undefined rip
const std::string kEndless("\x0f\x03\x2f\xfd\xff", 5);     // def_cfa_expression: skip -3
const std::string kUnreadable("\x0e\x80\x80\x80\x01", 5);  // def_cfa_offset, far off

class Cfi : public ::testing::Test {
 protected:
  Cfi() {
    const std::string frames = test::make_eh_frame({{0x1000, kPlain},
                                                    {0x1010, kPushedRbp},
                                                    {0x1020, kNoCaller},
                                                    {0x1030, kEndless},
                                                    {0x1040, kUnreadable}});
    memory_.put(test::kFrames, frames);
    memory_.put_value(kStack, std::array<std::uint64_t, 3>{0x1111, 0x2222, 0x3333});
    table_ = index_eh_frame(test::make_file(frames, {}));
    registers_[R::kRsp] = kStack;
    registers_[R::kRbx] = 0xb;
  }
  CfiStep step(std::uint64_t pc) {
    registers_[R::kRip] = pc;
    return CfiUnwinder{}.step(memory_, *table_, registers_);
  }

  test::FakeBytes memory_;
  std::optional<FrameTable> table_;
  R registers_;
};

TEST_F(Cfi, FindsTheCallersRegisters) {
  ASSERT_TRUE(table_);
  EXPECT_EQ(table_->count, 5U);
  const CfiStep plain = step(0x1004);
  ASSERT_EQ(plain.outcome, Outcome::Stepped);
  EXPECT_EQ(plain.function, 0x1000U);
  EXPECT_EQ(plain.registers[R::kRip], 0x1111U);
  EXPECT_EQ(plain.registers[R::kRsp], kStack + 8);
  EXPECT_EQ(plain.registers[R::kRbx], 0xbU) << "nobody changed it";
  const CfiStep pushed = step(0x1010);
  ASSERT_EQ(pushed.outcome, Outcome::Stepped);
  EXPECT_EQ(pushed.registers[R::kRip], 0x2222U);
  EXPECT_EQ(pushed.registers[R::kRbp], 0x1111U);
}

TEST_F(Cfi, TellsTheEndFromNotKnowing) {
  EXPECT_EQ(step(0x1020).outcome, Outcome::Bottom);
  EXPECT_EQ(step(0xfff).outcome, Outcome::NoTable);
  EXPECT_EQ(step(0x1050).outcome, Outcome::NoTable);
}

TEST_F(Cfi, EndsWhateverABinarySays) {
  EXPECT_EQ(step(0x1030).outcome, Outcome::Broken);
  EXPECT_LT(memory_.reads, 100'000U) << "an expression that jumps to itself";
  EXPECT_EQ(step(0x1040).outcome, Outcome::Broken);
}

TEST_F(Cfi, ReadsTheTableOfALinkerToo) {
  constexpr std::uint64_t kHeader = 0x2000;
  memory_.put(kHeader, "\x01\x1b\x03\x3b");
  memory_.put_value(kHeader + 4, std::int32_t{0});
  memory_.put_value(kHeader + 8, std::uint32_t{2});
  for (std::size_t i = 0; i < 2; ++i) {
    const FrameTable::Entry& own = table_->own->at(i);
    const auto shift = static_cast<std::int32_t>(test::kFrames - kHeader);
    memory_.put_value(kHeader + 12 + i * 8,
                      FrameTable::Entry{own.function + shift, own.record + shift});
  }
  memory_.put_value(kHeader + 28, std::uint32_t{0});  // something follows: words are read whole
  table_ = parse_frame_table(memory_, kHeader);
  ASSERT_TRUE(table_);
  const CfiStep pushed = step(0x101f);
  ASSERT_EQ(pushed.outcome, Outcome::Stepped);
  EXPECT_EQ(pushed.registers[R::kRip], 0x2222U);
}

TEST(FrameTable, IsRefusedInOtherForms) {
  for (const std::string& form : {std::string("\x02\x1b\x03\x3b"), std::string("\x01\xff\x03\x3b"),
                                  std::string("\x01\x1b\xff\xff"), std::string("\x01\x1c\x03\x3b"),
                                  std::string("\x01\x1b")}) {
    test::FakeBytes memory;
    memory.put(0x100, form).put_value(0x108, std::uint32_t{1});
    EXPECT_FALSE(parse_frame_table(memory, 0x100));
  }
}

TEST(EhFrame, IsReadUpToWhereItMakesNoSense) {
  const std::string good = test::make_eh_frame({{0x1000, ""}, {0x1010, ""}});
  EXPECT_EQ(index_eh_frame(test::make_file(good, {}))->count, 2U);
  EXPECT_EQ(index_eh_frame(test::make_file(good.substr(0, good.size() - 8), {}))->count, 1U);
  EXPECT_FALSE(index_eh_frame(test::make_file("", {})));
  EXPECT_FALSE(index_eh_frame(test::make_file("\xff\xff\xff\xff\xff\xff\xff\xff", {})));
  EXPECT_FALSE(index_eh_frame(test::FakeBytes{}));
}

}  // namespace
}  // namespace boxtrace::stacks
