#include "tracer/ptrace/proc_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace boxtrace::ptrace {
namespace {

using base::NsPid;
using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(ProcText, StatusOfAContainerProcess) {
  const raw::Status status = parse_status(
      "Name:\trunc:[2:INIT]\n"
      "Umask:\t0022\n"
      "Tgid:\t1222\n"
      "Uid:\t0\t1\t2\t3\n"
      "Gid:\t4\t5\t6\t7\n"
      "Groups:\t0 10 4294967294 \n"
      "NStgid:\t1222\t7\t1\n"
      "NSpid:\t1223\t8\t2\n"
      "CapInh:\t0000000000000000\n"
      "CapPrm:\t000001fffeffffff\n"
      "CapEff:\t00000000a80425fb\n"
      "CapBnd:\tffffffffffffffff\n"
      "CapAmb:\t0000000000000001\n"
      "NoNewPrivs:\t1\n"
      "Seccomp:\t2\n"
      "Seccomp_filters:\t3\n"
      "A_field_to_come:\tx\n");
  EXPECT_EQ(status.comm, "runc:[2:INIT]");
  EXPECT_THAT(status.uid, ElementsAre(0U, 1U, 2U, 3U));
  EXPECT_THAT(status.gid, ElementsAre(4U, 5U, 6U, 7U));
  EXPECT_THAT(status.groups, ElementsAre(0U, 10U, 4294967294U));
  EXPECT_THAT(status.ns_tgid, ElementsAre(NsPid{1222}, NsPid{7}, NsPid{1}));
  EXPECT_THAT(status.ns_pid, ElementsAre(NsPid{1223}, NsPid{8}, NsPid{2}));
  EXPECT_EQ(status.cap_inh, 0U);
  EXPECT_EQ(status.cap_prm, 0x1fffeffffffU);
  EXPECT_EQ(status.cap_eff, 0xa80425fbU);
  EXPECT_EQ(status.cap_bnd, 0xffffffffffffffffU);
  EXPECT_EQ(status.cap_amb, 1U);
  EXPECT_TRUE(status.no_new_privs);
  EXPECT_EQ(status.seccomp_mode, 2);
  EXPECT_EQ(status.seccomp_filters, 3);
}

TEST(ProcText, NamesOfTasksMayHoldAnything) {
  EXPECT_EQ(parse_status("Name:\ta\\nb\\\\c:d \n").comm, "a\nb\\c:d ");
}

TEST(ProcText, NoStatusAtAllIsAllDefaults) {
  EXPECT_EQ(parse_status(""), raw::Status{});
  EXPECT_EQ(parse_status("no colon here\n:\n\n"), raw::Status{});
}

TEST(ProcText, LimitsHaveTheirNamesInPrograms) {
  EXPECT_THAT(parse_rlimits("Limit                     Soft Limit           Hard Limit           "
                            "Units     \n"
                            "Max cpu time              unlimited            unlimited            "
                            "seconds   \n"
                            "Max open files            1024                 1048576              "
                            "files     \n"
                            "Max things to come        1                    2                    "
                            "things    \n"),
              UnorderedElementsAre(Pair("RLIMIT_CPU", "unlimited:unlimited"),
                                   Pair("RLIMIT_NOFILE", "1024:1048576"),
                                   Pair("Max things to come", "1:2")));
}

TEST(ProcText, LinesLoseTheirNewlines) {
  EXPECT_THAT(parse_lines("12:cpu:/a\n0::/\n"), ElementsAre("12:cpu:/a", "0::/"));
  EXPECT_THAT(parse_lines("no newline"), ElementsAre("no newline"));
}

}  // namespace
}  // namespace boxtrace::ptrace
