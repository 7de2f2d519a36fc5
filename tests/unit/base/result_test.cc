#include "tracer/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace boxtrace::base {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) {
    return Error{0, std::to_string(number) + " is odd", "add one"};
  }
  return number / 2;
}

Result<int> quarter_of(int number) {
  TRY(const int half, half_of(number));
  TRY(const int quarter, half_of(half));
  return quarter;
}

Result<void> check_even(int number) {
  TRY_OK(half_of(number));
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good = half_of(8);
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(good.value(), 4);
  const Result<int> bad = half_of(7);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().what, "7 is odd");
  EXPECT_EQ(bad.error().hint, "add one");
}

TEST(Result, TryHandsTheFirstErrorOn) {
  EXPECT_EQ(quarter_of(8).value(), 2);
  EXPECT_EQ(quarter_of(6).error().what, "3 is odd");
  EXPECT_TRUE(check_even(2).ok());
  EXPECT_EQ(check_even(3).error().what, "3 is odd");
}

TEST(Result, WithinPutsAFrameInFrontOfAnErrorOnly) {
  EXPECT_EQ(half_of(7).within("while halving").error().what, "while halving: 7 is odd");
  EXPECT_EQ(half_of(8).within("while halving").value(), 4);
  EXPECT_EQ(check_even(3).within("while checking").error().what, "while checking: 3 is odd");
  EXPECT_TRUE(check_even(2).within("while checking").ok());
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> owner = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(owner).value();
  EXPECT_EQ(*taken, 7);
}

TEST(ResultDeathTest, AskingForWhatIsNotThereAborts) {
  EXPECT_DEATH(static_cast<void>(half_of(7).value()),
               "value\\(\\) of a Result that holds an error");
  EXPECT_DEATH(static_cast<void>(half_of(8).error()), "error\\(\\) of a Result that holds a value");
  EXPECT_DEATH(static_cast<void>(check_even(2).error()), "error\\(\\) of a Result that succeeded");
}

}  // namespace
}  // namespace boxtrace::base
