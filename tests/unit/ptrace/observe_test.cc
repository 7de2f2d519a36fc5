#include "tracer/ptrace/observe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "decoders/spec.h"
#include "tracer/os/file.h"

namespace boxtrace::ptrace {
namespace {

namespace fs = std::filesystem;
using raw::Observation;

constexpr base::HostTid kTask{77};

/// A /proc made of files and links.
class ObserverTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "boxtrace-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    proc_ = pattern;
    fs::create_directories(proc_ + "/77/ns");
    fs::create_directories(proc_ + "/77/fd");
    link("self", std::to_string(::getpid()));
  }
  void TearDown() override { fs::remove_all(proc_); }

  void link(const std::string& path, const std::string& target) {
    fs::create_symlink(target, proc_ + "/" + path);
  }
  void file(const std::string& path, const std::string& text) {
    ASSERT_TRUE(os::write_file(proc_ + "/" + path, text).ok());
  }
  [[nodiscard]] Observer open() const { return Observer::open(proc_).value(); }

  std::string proc_;
};

TEST_F(ObserverTest, ReadsOnlyWhatIsAskedFor) {
  link("77/ns/mnt", "mnt:[4026531841]");
  file("77/status", "Name:\tx\n");
  const Observation seen = open().observe(kTask, decoders::kObserveStatus, Observation::At::Call);
  EXPECT_FALSE(seen.ns);
  ASSERT_TRUE(seen.status);
  EXPECT_EQ(seen.status->comm, "x");
}

TEST_F(ObserverTest, LinkThatDoesNotExistYetIsZero) {
  link("77/ns/mnt", "mnt:[4026531841]");
  link("77/ns/pid", "pid:[4026531836]");
  const Observation seen = open().observe(kTask, decoders::kObserveNs, Observation::At::Call);
  ASSERT_TRUE(seen.ns);
  EXPECT_EQ(seen.ns->own.at(static_cast<std::size_t>(raw::NsKind::Pid)).value, 4026531836U);
  EXPECT_EQ(seen.ns->pid_for_children.value, 0U);
}

TEST_F(ObserverTest, TaskThatIsGoneLeavesEverythingOut) {
  const Observation seen = open().observe(base::HostTid{78}, ~0U, Observation::At::Call);
  EXPECT_EQ(seen, Observation{});
}

TEST_F(ObserverTest, NothingIsReadFromTheProcOfAnotherPidNamespace) {
  fs::remove(proc_ + "/self");
  link("self", "1");
  link("77/ns/mnt", "mnt:[4026531841]");
  link("77/fd/3", "/etc/hostname");
  const Observer observer = open();
  EXPECT_FALSE(observer.is_usable());
  EXPECT_EQ(observer.observe(kTask, ~0U, Observation::At::Call), Observation{});
  EXPECT_EQ(observer.fd_target(kTask, base::FdNum{3}), std::nullopt);
}

TEST_F(ObserverTest, ExecIsObservedWhole) {
  link("77/ns/mnt", "mnt:[1]");
  link("77/fd/10", "pipe:[5]");
  link("77/fd/9", "/dev/null");
  link("77/root", "/");
  link("77/cwd", "/work");
  file("77/status", "Name:\tx\n");
  file("77/uid_map", "         0       1000          1\n");
  file("77/gid_map", "         0          0 4294967295\n");
  file("77/cgroup", "0::/a\n");
  file("77/limits", "Max open files            1024                 4096                 files\n");
  file("77/oom_score_adj", "-500\n");
  file("77/mountinfo", "36 35 98:0 / /a\\040b rw shared:1 - tmpfs none rw\n");
  const Observation seen = open().observe_exec(kTask);
  EXPECT_EQ(seen.at, Observation::At::Exec);
  EXPECT_EQ(seen.root, "/");
  EXPECT_EQ(seen.cwd, "/work");
  ASSERT_TRUE(seen.uid_map);
  EXPECT_EQ(seen.uid_map->at(0).outside, 1000U);
  ASSERT_TRUE(seen.gid_map);
  EXPECT_EQ(seen.gid_map->at(0).count, 4294967295U);
  EXPECT_EQ(seen.cgroup->at(0), "0::/a");
  EXPECT_EQ(seen.limits->at("RLIMIT_NOFILE"), "1024:4096");
  EXPECT_EQ(seen.oom_score_adj, -500);
  ASSERT_EQ(seen.fds->size(), 2U);
  EXPECT_EQ(seen.fds->at(0).fd.value, 9);  // by number, not by name
  EXPECT_EQ(seen.fds->at(1).target, "pipe:[5]");
  ASSERT_TRUE(seen.mounts) << "its mount namespace is not ours";
  EXPECT_EQ(seen.mounts->at(0).target, "/a b");
}

TEST_F(ObserverTest, MountsOfTheHostAreNotRepeatedAtEveryExec) {
  const std::string self = std::to_string(::getpid());
  fs::create_directories(proc_ + "/" + self + "/ns");
  link(self + "/ns/mnt", "mnt:[1]");
  link("77/ns/mnt", "mnt:[1]");
  file("77/mountinfo", "36 35 98:0 / / rw - tmpfs none rw\n");
  EXPECT_FALSE(open().observe_exec(kTask).mounts);
}

TEST(CgroupLayout, IsToldByTheMounts) {
  const auto mount = [](const char* fstype) {
    base::MountInfo info;
    info.fstype = fstype;
    return info;
  };
  EXPECT_EQ(cgroup_layout({mount("cgroup"), mount("cgroup2")}), "hybrid");
  EXPECT_EQ(cgroup_layout({mount("cgroup")}), "v1");
  EXPECT_EQ(cgroup_layout({mount("cgroup2")}), "v2");
  EXPECT_EQ(cgroup_layout({mount("ext4")}), "none");
}

}  // namespace
}  // namespace boxtrace::ptrace
