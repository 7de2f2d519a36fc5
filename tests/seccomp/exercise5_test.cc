// Exercise 5 of a container lab: a profile refuses chmod; does it? Told by boxtrace, under two
// runtimes. What the exercise does not say: a program may use another call that changes modes, and
// a profile without `architectures` kills 32-bit programs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/seccomp/seccomp_container.h"

namespace boxtrace::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Exercise5 : public SeccompContainer {};

TEST_P(Exercise5, TheProfileRefusesWhatItLists) {
  for (const char* via : {"chmod", "fchmodat"}) {
    const Ended ended = tell(read_profile("docker-chmod"),
                             {"/bin/chmod", std::string("--via=") + via, "777", "/hosts"});
    EXPECT_NE(ended.status, 0) << ended.text;
    EXPECT_EQ(mode(), 0644U);
    EXPECT_THAT(ended.text, HasSubstr(std::string(via) + " refused by seccomp: ERRNO(EPERM)"));
    EXPECT_THAT(ended.text, HasSubstr("rule chmod, fchmod, fchmodat"));
    EXPECT_THAT(ended.text, HasSubstr("default ALLOW, refuses 3 calls"));
  }
}

TEST_P(Exercise5, AnotherCallStaysOpen) {
  const Ended ended =
      tell(read_profile("docker-chmod"), {"/bin/chmod", "--via=fchmodat2", "777", "/hosts"});
  if (ended.text.find("ENOSYS") != std::string::npos) {
    GTEST_SKIP() << "this kernel has no fchmodat2";
  }
  EXPECT_EQ(ended.status, 0) << ended.text;
  EXPECT_EQ(mode(), 0777U);
  EXPECT_THAT(ended.text, HasSubstr("chmod, fchmod, fchmodat are refused, but fchmodat2 is not"));
  EXPECT_THAT(ended.text, Not(HasSubstr("refused by seccomp")));
}

// The lab's own profile lists fchmodat, which busybox does not use.
TEST_P(Exercise5, AProgramMayUseAnotherCallThanTheProfileLists) {
  if (!has_busybox_) {
    GTEST_SKIP() << "needs a static busybox";
  }
  const json lab = {{"defaultAction", "SCMP_ACT_ALLOW"},
                    {"syscalls", {{{"names", {"fchmodat"}}, {"action", "SCMP_ACT_ERRNO"}}}}};
  const Ended open = tell(lab, {"/bin/busybox", "chmod", "777", "/hosts"});
  EXPECT_EQ(open.status, 0) << open.text;
  EXPECT_EQ(mode(), 0777U);
  EXPECT_THAT(open.text, HasSubstr("fchmodat is refused, but chmod, fchmod, fchmodat2 are not"));
  const Ended refused =
      tell(read_profile("docker-chmod"), {"/bin/busybox", "chmod", "777", "/hosts"});
  EXPECT_EQ(refused.status, 1) << refused.text;
  EXPECT_EQ(mode(), 0644U);
  EXPECT_THAT(refused.text, HasSubstr("chmod refused by seccomp: ERRNO(EPERM)"));
}

TEST_P(Exercise5, WithoutArchitectures32BitProgramsAreKilled) {
  constexpr int kSigsys = 31;
  const Ended killed = tell(read_profile("docker-chmod"), {"/bin/thirty_two"});
  EXPECT_EQ(killed.status, 128 + kSigsys) << killed.text;
  EXPECT_THAT(killed.text, HasSubstr("every call of a 32-bit program is killed"));
  EXPECT_THAT(killed.text,
              HasSubstr("killed by SIGSYS · by its seccomp filter, which kills 32-bit programs"));
  const Ended fine = tell(read_profile("chmod"), {"/bin/thirty_two"});
  EXPECT_EQ(fine.status, 7) << fine.text;
  EXPECT_THAT(fine.text, HasSubstr("32 bits"));
  EXPECT_THAT(fine.text, Not(HasSubstr("every call of a 32-bit program")));
}

INSTANTIATE_TEST_SUITE_P(Under, Exercise5, ::testing::Values("boxrun", "runc"), runtime_name);

}  // namespace
}  // namespace boxtrace::cli
