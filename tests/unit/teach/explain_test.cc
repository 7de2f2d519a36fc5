#include "tracer/teach/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tracer/base/text.h"

namespace boxtrace::teach {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Explain, SaysAllThatARowHolds) {
  const std::string text = render_explanation(find_topics("unshare"), std::nullopt, {});
  EXPECT_THAT(text, StartsWith("unshare  system call\n  number    x86-64 272"));
  for (const char* const label : {"what", "in /proc", "trap", "arguments", "manual", "source"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n  ") + label)) << label;
  }
}

TEST(Explain, KeepsToTheWidth) {
  for (const std::size_t width : {std::size_t{60}, std::size_t{80}, std::size_t{100}}) {
    for (const char* const word : {"clone3", "CLONE_NEWUSER", "user namespace", "EINVAL"}) {
      const std::string text = render_explanation(find_topics(word), std::nullopt, {width, false});
      for (const std::string_view line : base::split(text, '\n')) {
        EXPECT_LE(base::display_width(line), width) << line;
      }
    }
  }
}

TEST(Explain, ColoursOnlyWhenAsked) {
  const Search search = find_topics("EPERM");
  EXPECT_THAT(render_explanation(search, std::nullopt, {80, false}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(render_explanation(search, std::nullopt, {80, true}), HasSubstr("\x1b[1mEPERM"));
}

TEST(Explain, ShowsWhereATraceUsesIt) {
  std::vector<Use> uses;
  for (std::uint64_t i = 0; i < 20; ++i) {
    uses.push_back({{i}, {static_cast<std::int64_t>(i) * 1'000'000}, "runc 7", "unshare(0) = 0"});
  }
  const std::string text = render_explanation(find_topics("unshare"), uses, {});
  EXPECT_THAT(text, HasSubstr("The trace uses it 20 times:\n"));
  EXPECT_THAT(text, HasSubstr("  #3           3.0 ms  runc 7  unshare(0) = 0\n"));
  EXPECT_THAT(text, HasSubstr("  and 5 more: boxtrace show -vv\n"));
  EXPECT_THAT(render_explanation(find_topics("unshare"), std::vector<Use>{}, {}),
              HasSubstr("The trace does not use it.\n"));
}

}  // namespace
}  // namespace boxtrace::teach
