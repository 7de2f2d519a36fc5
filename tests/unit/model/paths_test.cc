#include <gtest/gtest.h>

#include "tracer/model/state.h"

namespace boxtrace::model {
namespace {

// A process in a mount namespace of its own.
struct Fixture {
  Model::State state;
  Task process;
  raw::Syscall syscall;

  Fixture() {
    process.id = {1};
    process.leader = {1};
    process.ns.of(raw::NsKind::Mnt) = state.namespaces.make(raw::NsKind::Mnt, {1}, {1});
    process.cwd = "/b";
  }
  MountView& view() { return state.mount_views[process.ns.of(raw::NsKind::Mnt)]; }
  Path resolve(std::string_view text, std::optional<std::int32_t> dirfd = {}) {
    return resolve_path(state, process, syscall, text, dirfd);
  }
};

TEST(Paths, AMagicLinkIsWhatTheDescriptorRefersTo) {
  Fixture f;
  f.view().new_root = "/b/rootfs";
  f.syscall.fds = {{{6}, "/b/rootfs/proc"}};
  const Path path = f.resolve("/proc/thread-self/fd/6");
  EXPECT_EQ(path.outside, "/b/rootfs/proc");
  EXPECT_EQ(path.inside, "/proc");
}

TEST(Paths, ARelativePathStartsAtTheDescriptorOrAtTheWorkingDirectory) {
  Fixture f;
  f.syscall.fds = {{{3}, "/sys/fs/cgroup"}};
  EXPECT_EQ(f.resolve("pids/c1", 3).outside, "/sys/fs/cgroup/pids/c1");
  EXPECT_EQ(f.resolve("pids/c1", -100).outside, "/b/pids/c1");
  EXPECT_EQ(f.resolve("./x/../y").outside, "/b/y");
}

TEST(Paths, AfterPivotRootAPathHasTwoNames) {
  Fixture f;
  f.view() = {"/b/rootfs", "", "", true, false};
  const Path path = f.resolve("/proc/sys");
  EXPECT_EQ(path.outside, "/b/rootfs/proc/sys");
  EXPECT_EQ(path.inside, "/proc/sys");
}

TEST(Paths, BelowPutOldTheHostsTreeIsStillThere) {
  Fixture f;
  f.view() = {"/b/rootfs", "/.old", "", true, false};
  const Path path = f.resolve("/.old/etc");
  EXPECT_EQ(path.outside, "/etc");
  EXPECT_EQ(path.inside, "");
}

TEST(Paths, WhatIsNoFileKeepsItsDescription) {
  Fixture f;
  f.syscall.fds = {{{4}, "pipe:[7]"}};
  EXPECT_EQ(f.resolve("/proc/self/fd/4").outside, "pipe:[7]");
}

TEST(Paths, AnUnknownDescriptorLeavesThePathAsGiven) {
  Fixture f;
  EXPECT_EQ(f.resolve("x", 9).best(), "x");
  EXPECT_EQ(f.resolve("/proc/self/fd/9").best(), "/proc/self/fd/9");
}

TEST(Paths, APrefixIsNotAParent) {
  EXPECT_FALSE(below("/b/rootfs2", "/b/rootfs").has_value());
  EXPECT_EQ(below("/b/rootfs", "/b/rootfs"), "/");
  EXPECT_EQ(below("/b/rootfs/x", "/b/rootfs"), "/x");
}

}  // namespace
}  // namespace boxtrace::model
