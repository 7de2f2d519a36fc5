// Stacks of made-up processes: what leads outwards, what only looks as if it did.

#include "tracer/stacks/walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/unit/stacks/fake_bytes.h"

namespace boxtrace::stacks {
namespace {

using ::testing::ElementsAre;
using End = raw::Stack::End;
using R = raw::Registers;

constexpr std::uint64_t kCode = 0x10000;  // readable and executable, no ELF image
constexpr std::uint64_t kStack = 0x70000;

class NoFiles final : public ModuleFiles {
 public:
  [[nodiscard]] std::vector<std::unique_ptr<ByteSource>> open(
      const base::MemoryMapping& /*mapping*/) const override {
    return {};
  }
  [[nodiscard]] std::unique_ptr<ByteSource> open_debug(
      const std::string& /*build_id*/) const override {
    return nullptr;
  }
};

class Walk : public ::testing::Test {
 protected:
  Walk() {
    memory_.put(kCode, std::string(0x1000, '\x90'));
    memory_.put(kStack, std::string(0x1000, '\0'));
    memory_.put(kCode + 0x10 - 2, "\x0f\x05");
    registers_[R::kRip] = kCode + 0x10;
    registers_[R::kRsp] = kStack;
  }
  /// A call of `target` that returns to kCode + `back`.
  void put_call(std::uint64_t back, std::uint64_t target) {
    memory_.put(kCode + back - 5, "\xe8");
    memory_.put_value(kCode + back - 4, static_cast<std::int32_t>(target - back));
  }
  raw::Stack walk() {
    AddressSpace space(memory_,
                       base::parse_maps("10000-11000 r-xp 00000000 00:00 0\n"
                                        "70000-71000 rw-p 00000000 00:00 0 [stack]\n"),
                       files_, cache_);
    return walker_.walk(space, registers_);
  }
  static std::vector<std::uint64_t> places(const raw::Stack& stack) {
    std::vector<std::uint64_t> out;
    for (const raw::Frame& frame : stack.frames) {
      out.push_back(frame.pc.value - kCode);
    }
    return out;
  }

  test::FakeBytes memory_;
  NoFiles files_;
  ModuleCache cache_;
  Walker walker_;
  R registers_;
};

TEST_F(Walk, FollowsFramePointersThatACallVouchesFor) {
  put_call(0x200, 0x0);
  put_call(0x300, 0x180);
  memory_.put_value(kStack + 0x40, std::array<std::uint64_t, 2>{kStack + 0x80, kCode + 0x200});
  memory_.put_value(kStack + 0x80, std::array<std::uint64_t, 2>{0, kCode + 0x300});
  registers_[R::kRbp] = kStack + 0x40;
  const raw::Stack stack = walk();
  EXPECT_THAT(places(stack), ElementsAre(0x10, 0x200, 0x300));
  EXPECT_EQ(stack.end, End::Lost);
  EXPECT_EQ(stack.entry, raw::Stack::Entry::Syscall);
  EXPECT_FALSE(stack.frames[0].guessed);
  EXPECT_TRUE(stack.frames[1].guessed);
}

TEST_F(Walk, TakesTheTopOfTheStackOfAFunctionWithoutAFrame) {
  put_call(0x200, 0x0);
  memory_.put_value(kStack, kCode + 0x200);
  EXPECT_THAT(places(walk()), ElementsAre(0x10, 0x200));
}

TEST_F(Walk, DoesNotTakeWhateverLiesOnTheStack) {
  // Addresses of code without a call in front of them, and behind a call of something else.
  put_call(0x400, 0x800);
  memory_.put_value(kStack, kCode + 0x300);
  memory_.put_value(kStack + 0x40, std::array<std::uint64_t, 2>{kStack + 0x80, kCode + 0x400});
  registers_[R::kRbp] = kStack + 0x40;
  EXPECT_THAT(places(walk()), ElementsAre(0x10));
}

TEST_F(Walk, EndsOnAFramePointerThatPointsToItself) {
  put_call(0x200, 0x0);
  memory_.put_value(kStack + 0x40, std::array<std::uint64_t, 2>{kStack + 0x40, kCode + 0x200});
  registers_[R::kRbp] = kStack + 0x40;
  const raw::Stack stack = walk();
  EXPECT_LE(stack.frames.size(), 256U);
  EXPECT_NE(stack.end, End::Bottom);
}

TEST_F(Walk, GoesOnBelowASignalHandler) {
  memory_.put(kCode + 0x500, std::string("\x48\xc7\xc0\x0f\0\0\0\x0f\x05", 9));
  registers_[R::kRip] = kCode + 0x500;
  std::array<std::uint64_t, 17> saved{};
  saved[15] = kStack + 0x800;  // rsp
  saved[16] = kCode + 0x900;   // rip
  memory_.put_value(kStack + 40, saved);
  EXPECT_THAT(places(walk()), ElementsAre(0x500, 0x900));
  registers_[R::kRip] = kCode + 0x509;
  EXPECT_THAT(places(walk()), ElementsAre(0x509, 0x900)) << "in sigreturn itself";
}

TEST_F(Walk, OfA32BitProgramUsesItsWords) {
  put_call(0x200, 0x0);
  registers_.is_32bit = true;
  registers_[R::kRbp] = kStack + 0x40;
  memory_.put_value(kStack + 0x40,
                    std::array<std::uint32_t, 2>{0, static_cast<std::uint32_t>(kCode + 0x200)});
  EXPECT_THAT(places(walk()), ElementsAre(0x10, 0x200));
}

TEST_F(Walk, OfAProcessThatCannotBeReadIsItsInstructionPointer) {
  registers_[R::kRip] = 0xdead0000;
  registers_[R::kRsp] = ~std::uint64_t{0};
  registers_[R::kRbp] = ~std::uint64_t{0} - 7;
  const raw::Stack stack = walk();
  ASSERT_EQ(stack.frames.size(), 1U);
  EXPECT_EQ(stack.frames[0].pc.value, 0xdead0000);
  EXPECT_EQ(stack.end, End::Lost);
}

}  // namespace
}  // namespace boxtrace::stacks
