#include "runtime/config/mount_options.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

namespace boxrun::config {
namespace {

TEST(MountOptions, WordsGoThroughTheirFourDoors) {
  const MountOptions options =
      parse_mount_options({"nosuid", "ro", "rslave", "rro", "size=64k", "mode=755"});
  EXPECT_EQ(options.set_flags, std::uint64_t{MS_NOSUID | MS_RDONLY});
  ASSERT_EQ(options.propagation.size(), 1U);
  EXPECT_EQ(options.propagation[0], std::uint64_t{MS_SLAVE | MS_REC});
  EXPECT_EQ(options.recursive_set, std::uint64_t{MOUNT_ATTR_RDONLY});
  EXPECT_EQ(options.filesystem, "size=64k,mode=755");
}

TEST(MountOptions, LaterWordsWin) {
  const MountOptions options = parse_mount_options({"ro", "rw", "suid", "nosuid"});
  EXPECT_EQ(options.set_flags, std::uint64_t{MS_NOSUID});
  EXPECT_EQ(options.clear_flags, std::uint64_t{MS_RDONLY});
}

TEST(MountOptions, RecursiveAccessTimeClearsTheWholeField) {
  const MountOptions options = parse_mount_options({"rnoatime", "rstrictatime"});
  EXPECT_EQ(options.recursive_clear, std::uint64_t{MOUNT_ATTR__ATIME});
  EXPECT_EQ(options.recursive_set, std::uint64_t{MOUNT_ATTR_STRICTATIME});
}

TEST(MountOptions, RecursiveWordsUndoEachOther) {
  const MountOptions options = parse_mount_options({"rro", "rrw", "rnosuid"});
  EXPECT_EQ(options.recursive_set, std::uint64_t{MOUNT_ATTR_NOSUID});
  EXPECT_EQ(options.recursive_clear, std::uint64_t{MOUNT_ATTR_RDONLY});
}

TEST(MountOptions, WordsOfOurOwnNeverReachTheFilesystem) {
  const MountOptions options = parse_mount_options({"tmpcopyup", "idmap", "ridmap", "defaults"});
  EXPECT_TRUE(options.tmpcopyup);
  EXPECT_TRUE(options.idmap);
  EXPECT_TRUE(options.recursive_idmap);
  EXPECT_EQ(options.filesystem, "");
}

TEST(MountOptions, FlagsAreRenderedAsWords) {
  EXPECT_EQ(render_mount_flags(MS_BIND | MS_REC | MS_RDONLY), "rbind,ro");
  EXPECT_EQ(render_mount_flags(MS_NODEV | MS_NOSUID), "nodev,nosuid");
  EXPECT_EQ(render_mount_flags(MS_SLAVE | MS_REC), "rslave");
  EXPECT_EQ(render_mount_flags(MS_SLAVE), "slave");
}

TEST(MountOptions, TheWordsThatFeaturesPromisesAreNotLeftToTheFilesystem) {
  EXPECT_GT(mount_option_words().size(), 50U);
  for (const std::string& word : mount_option_words()) {
    EXPECT_EQ(parse_mount_options({word}).filesystem, "") << word;
  }
}

}  // namespace
}  // namespace boxrun::config
