#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decoders/registry.h"
#include "tracer/base/error_text.h"
#include "tracer/teach/lessons.h"
#include "tracer/teach/topic.h"

namespace boxtrace::teach {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string first(std::string_view word) {
  const Search search = find_topics(word);
  return search.topics.empty() ? "" : search.topics.front().name;
}

TEST(FindTopics, TakesWordsAsPeopleWriteThem) {
  EXPECT_EQ(first("CLONE_NEWPID"), "CLONE_NEWPID");
  EXPECT_EQ(first("clone_newpid"), "CLONE_NEWPID");
  EXPECT_EQ(first("newpid"), "CLONE_NEWPID");
  EXPECT_EQ(first("CAP_SYS_ADMIN"), "CAP_SYS_ADMIN");
  EXPECT_EQ(first("sys_admin"), "CAP_SYS_ADMIN");
  EXPECT_EQ(first("EPERM"), "EPERM");
  EXPECT_EQ(first("eperm"), "EPERM");
  EXPECT_EQ(first("clone3"), "clone3");
  EXPECT_EQ(first("unshare(2)"), "unshare");
  EXPECT_EQ(first("272"), "unshare");
  EXPECT_EQ(first("0x110"), "unshare");
  EXPECT_EQ(first("SIGKILL"), "SIGKILL");
  EXPECT_EQ(first("sigkill"), "SIGKILL");
}

TEST(FindTopics, KnowsNamespacesByManyNames) {
  for (const std::string_view word : {"pid namespace", "pid namespaces", "pid_namespaces(7)",
                                      "PID namespace", "pidns", "pid ns", "pid"}) {
    EXPECT_EQ(first(word), "PID namespace") << word;
  }
  EXPECT_EQ(first("mnt"), "mount namespace");
  EXPECT_EQ(first("mount namespace"), "mount namespace");
  EXPECT_EQ(first("network namespace"), "network namespace");
  EXPECT_EQ(first("user"), "user namespace");
}

TEST(FindTopics, ACallComesBeforeANamespaceOfItsName) {
  EXPECT_EQ(first("mount"), "mount");
  EXPECT_EQ(first("time"), "time");
}

TEST(FindTopics, SuggestsForWhatItDoesNotKnow) {
  const Search search = find_topics("CLONE_NEWPIDD");
  EXPECT_THAT(search.topics, IsEmpty());
  EXPECT_THAT(search.suggestions, Contains("CLONE_NEWPID"));
  EXPECT_THAT(find_topics("unshar").suggestions, Contains("unshare"));
  EXPECT_THAT(find_topics("").topics, IsEmpty());
  EXPECT_THAT(find_topics("qqqqqqqqqqqqqqqq").suggestions, IsEmpty());
}

TEST(FindTopics, AFlagNamesTheCallsThatTakeIt) {
  const Search search = find_topics("CLONE_NEWPID");
  ASSERT_THAT(search.topics, Not(IsEmpty()));
  EXPECT_THAT(search.topics[0].used_by, Contains("unshare"));
  EXPECT_THAT(search.topics[0].used_by, Contains("setns"));
  EXPECT_THAT(search.topics[0].related, Contains("PID namespace"));
  EXPECT_THAT(search.topics[0].man, HasSubstr("pid_namespaces(7)"));
}

TEST(FindTopics, ACallHasItsNumbersOfAllAbis) {
  const Search search = find_topics("unshare");
  ASSERT_THAT(search.topics, Not(IsEmpty()));
  EXPECT_THAT(search.topics[0].numbers, ElementsAre("x86-64 272", "i386 310", "aarch64 97"));
}

TEST(FindTopics, ACapabilityHasItsBitAsProcShowsIt) {
  const Search search = find_topics("CAP_SYS_ADMIN");
  ASSERT_THAT(search.topics, Not(IsEmpty()));
  EXPECT_THAT(search.topics[0].numbers,
              ElementsAre("21", "0x200000 in CapEff and the other sets of /proc/PID/status"));
}

TEST(FindTopics, ANumberMeansOtherThingsElsewhere) {
  const Search search = find_topics("1");
  EXPECT_EQ(search.topics.front().name, "write");
  EXPECT_THAT(search.other, Contains("1 is exit on i386"));
  EXPECT_THAT(search.other, Contains("1 is the error EPERM"));
}

TEST(FindTopics, FindsEveryCallAndConstantByItsName) {
  for (const std::string& word : all_words()) {
    const Search search = find_topics(word);
    ASSERT_THAT(search.topics, Not(IsEmpty())) << word;
    EXPECT_EQ(search.topics[0].name, word);
  }
}

TEST(Lessons, AreWholeAndNameRealThings) {
  for (const NamespaceLesson& lesson : namespace_lessons()) {
    EXPECT_FALSE(lesson.explain.what.empty() || lesson.explain.proc.empty() ||
                 lesson.explain.trap.empty())
        << lesson.name;
    EXPECT_FALSE(constant_topics(lesson.flag).empty()) << lesson.flag;
  }
  for (const ErrnoLesson& lesson : errno_lessons()) {
    EXPECT_NE(base::parse_errno(lesson.name), 0) << lesson.name;
    EXPECT_FALSE(lesson.explain.what.empty() || lesson.explain.trap.empty()) << lesson.name;
  }
}

}  // namespace
}  // namespace boxtrace::teach
