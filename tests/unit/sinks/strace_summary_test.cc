#include "tracer/sinks/strace_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace boxtrace::sinks {
namespace {

using ::testing::HasSubstr;

StraceSummary three_calls() {
  StraceSummary summary;
  summary.add("openat", true, base::Nanos{4'000'000});
  summary.add("close", false, base::Nanos{1'000'000});
  summary.add("openat", false, base::Nanos{2'000'000});
  return summary;
}

// The layout is that of strace 6.1.
TEST(StraceSummary, LooksAsThatOfStrace) {
  EXPECT_EQ(three_calls().render(),
            "% time     seconds  usecs/call     calls    errors syscall\n"
            "------ ----------- ----------- --------- --------- ----------------\n"
            " 85.71    0.006000        3000         2         1 openat\n"
            " 14.29    0.001000        1000         1           close\n"
            "------ ----------- ----------- --------- --------- ----------------\n"
            "100.00    0.007000        2333         3         1 total\n");
}

TEST(StraceSummary, HasTheColumnsThatAreChosen) {
  StraceSummary summary = three_calls();
  summary.set_columns(StraceSummary::parse_columns("name,calls,shortest,time-max").value());
  EXPECT_EQ(summary.render(),
            "syscall              calls shortest  longest\n"
            "---------------- --------- -------- --------\n"
            "openat                   2 0.002000 0.004000\n"
            "close                    1 0.001000 0.001000\n"
            "---------------- --------- -------- --------\n"
            "total                    3 0.001000 0.004000\n");
  EXPECT_EQ(StraceSummary::parse_columns("calls").value().back(), StraceSummary::Column::Name);
  EXPECT_THAT(StraceSummary::parse_columns("calls,cals").error().hint, HasSubstr("avg-time"));
  EXPECT_FALSE(StraceSummary::parse_columns("calls,count").ok());
}

TEST(StraceSummary, IsSortedAsAsked) {
  const auto first_after = [](std::string_view key) {
    StraceSummary summary = three_calls();
    summary.add("brk", false, base::Nanos{10});
    EXPECT_TRUE(summary.sort_by(key).ok());
    const std::string text = summary.render();
    const std::size_t line = text.find("----\n") + 5;
    const std::size_t end = text.find('\n', line);
    return text.substr(text.rfind(' ', end) + 1, end - text.rfind(' ', end) - 1);
  };
  EXPECT_EQ(first_after("time"), "openat");
  EXPECT_EQ(first_after("calls"), "openat");
  EXPECT_EQ(first_after("errors"), "openat");
  EXPECT_EQ(first_after("name"), "brk");
  EXPECT_EQ(first_after("nothing"), "openat");
  EXPECT_FALSE(StraceSummary{}.sort_by("size").ok());
}

TEST(StraceSummary, OfNothingIsNothing) { EXPECT_EQ(StraceSummary{}.render(), ""); }

}  // namespace
}  // namespace boxtrace::sinks
