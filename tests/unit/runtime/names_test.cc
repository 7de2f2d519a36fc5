#include "runtime/config/names.h"

#include <gtest/gtest.h>
#include <seccomp.h>
#include <signal.h>

namespace boxrun::config {
namespace {

TEST(Signals, AreNamedInEveryUsualWay) {
  for (const char* word : {"15", "TERM", "SIGTERM", "sigterm", "term"}) {
    EXPECT_EQ(parse_signal(word), SIGTERM) << word;
  }
  EXPECT_EQ(parse_signal("RTMIN+3"), SIGRTMIN + 3);
  EXPECT_EQ(parse_signal("64"), 64);
}

TEST(Signals, AnythingElseIsNone) {
  for (const char* word : {"", "65", "-9", "SIGNOTHING", "9x", "RTMIN+99", "99999999999999"}) {
    EXPECT_EQ(parse_signal(word), std::nullopt) << word;
  }
}

TEST(Capabilities, NumbersAndNamesAreEachOthersInverse) {
  for (const std::string& word : capability_words()) {
    const auto number = parse_capability(word);
    ASSERT_TRUE(number) << word;
    EXPECT_EQ(capability_name(*number), word);
  }
  EXPECT_EQ(capability_words().size(), 41U);
  EXPECT_EQ(capability_name(63), "capability 63");
}

TEST(Seccomp, AnErrnoIsPartOfTheAction) {
  EXPECT_EQ(parse_seccomp_action("SCMP_ACT_ERRNO", 38), std::uint32_t{SCMP_ACT_ERRNO(38)});
  EXPECT_EQ(parse_seccomp_action("SCMP_ACT_ALLOW", 38), std::uint32_t{SCMP_ACT_ALLOW});
}

}  // namespace
}  // namespace boxrun::config
