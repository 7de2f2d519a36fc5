#include "tracer/diff/symbols.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace boxtrace::diff {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kLongId(64, 'a');

Subject subject() {
  Subject made;
  made.commands = {{"/usr/bin/runc", "--root", "/run/x", "run", "-b", "/tmp/b1", "c1"}};
  made.final_exec.emplace();
  made.final_exec->root = "/tmp/b1/rootfs";
  made.final_exec->namespaces[4].inode = {4026532254};
  made.final_exec->namespaces[4].alias = "net#1";
  made.roles = {{{4711}, "runc init"}};
  return made;
}

TEST(ContainerIds, AreTheLastWordOfCreateAndRun) {
  EXPECT_THAT(container_ids({{"runc", "run", "c1"},
                             {"crun", "create", "--bundle", "/b", "c2"},
                             {"runc", "start", "c3"},
                             {"ls", "run", "c4"},
                             {"runc", "run"},
                             {"runc", "run", "c1"}}),
              ElementsAre("c1", "c2"));
  EXPECT_THAT(container_ids({}), IsEmpty());
}

TEST(Symbols, RenameTheIdWhereItIsAWord) {
  const Symbols symbols(subject());
  EXPECT_EQ(symbols.rename_path("/user.slice/c1"), "/user.slice/<id>");
  EXPECT_EQ(symbols.rename_path("/sys/fs/cgroup/crun-c1.scope/x"),
            "/sys/fs/cgroup/crun-<id>.scope/x");
  EXPECT_EQ(symbols.rename_text("c1"), "<id>");
  EXPECT_EQ(symbols.rename_text("_ses.c1"), "_ses.<id>");
}

TEST(Symbols, LeaveLongerWordsAlone) {
  const Symbols symbols(subject());
  EXPECT_EQ(symbols.rename_text("c12 ac1 abc1x"), "c12 ac1 abc1x");
  EXPECT_EQ(symbols.rename_path("/etc/c11"), "/etc/c11");
}

TEST(Symbols, RenameTheRootAndTheBundle) {
  const Symbols symbols(subject());
  EXPECT_EQ(symbols.rename_path("/tmp/b1/rootfs"), "<root>");
  EXPECT_EQ(symbols.rename_path("/tmp/b1/rootfs/etc"), "<root>/etc");
  EXPECT_EQ(symbols.rename_path("/tmp/b1/config.json"), "<bundle>/config.json");
  EXPECT_EQ(symbols.rename_path("/tmp/b1/rootfs2"), "<bundle>/rootfs2");
  EXPECT_EQ(symbols.rename_path("/tmp/b12"), "/tmp/b12");
  EXPECT_EQ(symbols.rename_words("bind /tmp/b1/rootfs, proc /proc"), "bind <root>, proc /proc");
}

TEST(Symbols, RenameTracedProcessesBelowProcOnly) {
  const Symbols symbols(subject());
  EXPECT_EQ(symbols.rename_path("/proc/4711/ns/net"), "/proc/<pid of runc init>/ns/net");
  EXPECT_EQ(symbols.rename_path("/proc/4712/ns/net"), "/proc/4712/ns/net");
  EXPECT_EQ(symbols.rename_path("/data/4711"), "/data/4711");
}

TEST(Symbols, NameTheNamespaceBehindADescriptor) {
  const Symbols symbols(subject());
  EXPECT_EQ(symbols.rename_target("net:[4026532254]"), "net:net#1");
  EXPECT_EQ(symbols.rename_target("pipe:[4711]"), "pipe");
  EXPECT_EQ(symbols.rename_target("anon_inode:[eventpoll]"), "anon_inode:[eventpoll]");
  EXPECT_EQ(symbols.rename_target("/dev/null"), "/dev/null");
  EXPECT_EQ(symbols.rename_target(""), "");
}

TEST(Symbols, KnowTheShortFormOfEngineIds) {
  Subject made;
  made.commands = {{"runc", "create", "--bundle", "/b", kLongId}};
  const Symbols symbols(made);
  EXPECT_EQ(symbols.rename_text(kLongId), "<id>");
  EXPECT_EQ(symbols.rename_text(kLongId.substr(0, 12)), "<id>");
}

}  // namespace
}  // namespace boxtrace::diff
