#include "tracer/base/procfs_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace boxtrace::base {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(NsLink, GivesTheInode) {
  EXPECT_EQ(parse_ns_link("mnt:[4026531841]"), NsInode{4026531841});
  for (const char* other :
       {"", "pipe:4711", "mnt:[]", "mnt:[12", "mnt:[-1]", "socket:[12x]", "/dev/null"}) {
    EXPECT_FALSE(parse_ns_link(other)) << other;
  }
}

constexpr std::string_view kStatus =
    "Name:\tsleep\nState:\tS "
    "(sleeping)\nNStgid:\t712\t1\nNSpid:\t712\t1\nCapEff:\t000001fffeffffff\n";

TEST(StatusField, IsFoundByItsWholeName) {
  EXPECT_EQ(parse_status_field(kStatus, "State"), "S (sleeping)");
  EXPECT_EQ(parse_status_field(kStatus, "NSpid"), "712\t1");
  EXPECT_FALSE(parse_status_field(kStatus, "Nam"));
  EXPECT_FALSE(parse_status_field(kStatus, "Seccomp"));
  EXPECT_FALSE(parse_status_field("", "Name"));
}

TEST(NumberList, StopsAtWhatIsNoNumber) {
  EXPECT_THAT(parse_number_list("712\t1"), ElementsAre(712, 1));
  EXPECT_THAT(parse_number_list("1 x 2"), ElementsAre(1));
  EXPECT_THAT(parse_number_list(""), IsEmpty());
}

TEST(HexMask, HasNoPrefix) {
  EXPECT_EQ(parse_hex_mask("000001fffeffffff"), 0x1fffeffffffU);
  EXPECT_FALSE(parse_hex_mask(""));
  EXPECT_FALSE(parse_hex_mask("xyz"));
}

TEST(IdMap, ReadsTheAlignedColumnsOfTheKernel) {
  EXPECT_THAT(parse_id_map("         0     100000      65536\n     65536       1000          1\n"),
              ElementsAre(IdMapLine{0, 100000, 65536}, IdMapLine{65536, 1000, 1}));
  EXPECT_THAT(parse_id_map(""), IsEmpty());
  EXPECT_THAT(parse_id_map("0 1\n"), IsEmpty());
}

TEST(Mountinfo, ReadsAnyNumberOfOptionalFields) {
  const auto mounts = parse_mountinfo(
      "36 35 98:0 /mnt1 /mnt/two\\040words rw,noatime - ext3 /dev/root rw,errors=continue\n"
      "37 36 0:22 / /proc rw shared:5 master:2 - proc proc rw\n");
  ASSERT_EQ(mounts.size(), 2U);
  EXPECT_EQ(mounts[0].id, 36U);
  EXPECT_EQ(mounts[0].parent, 35U);
  EXPECT_EQ(mounts[0].device, "98:0");
  EXPECT_EQ(mounts[0].root, "/mnt1");
  EXPECT_EQ(mounts[0].target, "/mnt/two words");
  EXPECT_EQ(mounts[0].options, "rw,noatime");
  EXPECT_EQ(mounts[0].propagation, "");
  EXPECT_EQ(mounts[0].fstype, "ext3");
  EXPECT_EQ(mounts[0].source, "/dev/root");
  EXPECT_EQ(mounts[0].super_options, "rw,errors=continue");
  EXPECT_EQ(mounts[1].propagation, "shared:5 master:2");
}

TEST(Mountinfo, KnowsThatASourceCanBeEmpty) {
  const auto mounts = parse_mountinfo("36 35 0:50 / /mnt rw - tmpfs  rw,size=1k\n");
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].source, "");
  EXPECT_EQ(mounts[0].super_options, "rw,size=1k");
}

TEST(Mountinfo, LeavesOutLinesThatAreNone) {
  EXPECT_THAT(
      parse_mountinfo("\n36 35 0:50 / /mnt rw\nx y 0:50 / /mnt rw - tmpfs a rw\n36 35 - a b c\n"),
      IsEmpty());
}

TEST(OctalEscapes, AreUndoneOnlyWhenWhole) {
  EXPECT_EQ(parse_octal_escapes("a\\040b\\011c\\134d\\012"), "a b\tc\\d\n");
  EXPECT_EQ(parse_octal_escapes("\\04"), "\\04");
  EXPECT_EQ(parse_octal_escapes("\\999"), "\\999");
  EXPECT_EQ(parse_octal_escapes("\\777"), "\\777");
  EXPECT_EQ(parse_octal_escapes("\\"), "\\");
}

TEST(Limits, PairsSoftAndHard) {
  EXPECT_THAT(
      parse_limits(
          "Limit                     Soft Limit           Hard Limit           Units     \n"
          "Max cpu time              unlimited            unlimited            seconds   \n"
          "Max open files            1024                 524288               files     \n"),
      ElementsAre(Pair("Max cpu time", "unlimited:unlimited"),
                  Pair("Max open files", "1024:524288")));
}

TEST(Mountinfo, VisibleAreThoseThatNoLaterOneCovers) {
  const auto visible = parse_visible_mounts(
      "20 1 0:1 / / rw - ext4 /dev/sda rw\n"
      "30 20 0:2 / /sys rw - sysfs sysfs rw\n"
      "31 30 0:3 / /sys/fs/resctrl rw - resctrl resctrl rw\n"
      "32 20 0:4 / /sys2 rw - tmpfs tmpfs rw\n"
      "40 20 0:5 / /sys rw - tmpfs tmpfs rw\n");
  ASSERT_EQ(visible.size(), 3U);
  EXPECT_EQ(visible[0].target, "/");
  EXPECT_EQ(visible[1].target, "/sys2");
  EXPECT_EQ(visible[2].fstype, "tmpfs");
}

}  // namespace
}  // namespace boxtrace::base
