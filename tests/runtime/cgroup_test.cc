// Limits, and the cgroups as seen from both sides.

#include <gmock/gmock.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "runtime/cgroup/cgroup.h"
#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class Cgroups : public ContainerTest {
 protected:
  /// The directory of the container in the hierarchy of `controller`, of either version.
  std::string directory(const std::string& controller, const std::string& path) {
    const auto layout = cgroup::read_layout();
    if (!layout.ok()) {
      return {};
    }
    for (const auto& hierarchy : layout.value()) {
      const auto& names = hierarchy.controllers;
      if (std::find(names.begin(), names.end(), controller) != names.end()) {
        version2_ = false;
        return cgroup::container_directory(hierarchy, path);
      }
    }
    for (const auto& hierarchy : layout.value()) {
      if (hierarchy.version2) {
        version2_ = true;
        return cgroup::container_directory(hierarchy, path);
      }
    }
    return {};
  }
  bool has_controller(const std::string& controller) {
    const std::string path = directory(controller, "/");
    return !version2_ ||
           read_text(path + "/cgroup.controllers").find(controller) != std::string::npos;
  }
  bool version2_ = false;
};

TEST_F(Cgroups, AMemoryLimitKillsAHog) {
  if (!has_controller("memory")) {
    GTEST_SKIP() << "no memory controller";
  }
  config["linux"]["resources"]["memory"] = {{"limit", 32 << 20}, {"swap", 32 << 20}};
  // tail keeps the last line of its input, and this input has no end of line.
  EXPECT_EQ(run_script("exec tail /dev/zero").status, 128 + 9);
  config["linux"]["resources"].erase("memory");
  EXPECT_EQ(run_script("head -c 100000000 /dev/zero | tail -c 1 | wc -c").out, "1\n");
}

TEST_F(Cgroups, LimitsAreInTheFiles) {
  config["linux"]["cgroupsPath"] = "/" + mark + "/" + id;
  config["linux"]["resources"]["memory"] = {{"limit", 64 << 20}};
  config["linux"]["resources"]["pids"] = {{"limit", 20}};
  config["linux"]["resources"]["cpu"] = {
      {"shares", 512}, {"quota", 50000}, {"period", 100000}, {"cpus", "0"}};
  ASSERT_GT(start_background(id), 0);
  const std::string path = "/" + mark + "/" + id;
  const std::string memory = directory("memory", path);
  EXPECT_EQ(read_text(memory + (version2_ ? "/memory.max" : "/memory.limit_in_bytes")),
            "67108864\n");
  EXPECT_EQ(read_text(directory("pids", path) + "/pids.max"), "20\n");
  EXPECT_EQ(read_text(directory("cpuset", path) + "/cpuset.cpus"), "0\n");
  const std::string cpu = directory("cpu", path);
  if (version2_) {
    EXPECT_EQ(read_text(cpu + "/cpu.max"), "50000 100000\n");
  } else {
    EXPECT_EQ(read_text(cpu + "/cpu.shares"), "512\n");
    EXPECT_EQ(read_text(cpu + "/cpu.cfs_quota_us"), "50000\n");
  }
  EXPECT_EQ(boxrun({"delete", "--force", id}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(memory));
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path{memory}.parent_path()))
      << "the directory on the way was made by boxrun too";
}

/// `blkio` of version 1 and `io` of version 2 are one controller, and a host has it in one of them.
TEST_F(Cgroups, BlockDevicesAreLimitedWhereverTheirControllerIs) {
  const auto disks = std::filesystem::directory_iterator{"/sys/block"};
  const auto disk = std::find_if(begin(disks), end(disks), [](const auto& entry) {
    return entry.path().filename().string().starts_with("vd") ||
           entry.path().filename().string().starts_with("sd");
  });
  if (disk == end(disks)) {
    GTEST_SKIP() << "/sys/block has no disk to limit";
  }
  const std::string numbers = read_text(disk->path().string() + "/dev");
  config["linux"]["cgroupsPath"] = "/" + id;
  config["linux"]["resources"]["blockIO"]["throttleReadBpsDevice"] = {
      {{"major", std::stoi(numbers)},
       {"minor", std::stoi(numbers.substr(numbers.find(':') + 1))},
       {"rate", 1048576}}};
  ASSERT_GT(start_background(id), 0);
  const std::string expected = numbers.substr(0, numbers.find('\n'));
  std::string seen = read_text(directory("blkio", "/" + id) + "/blkio.throttle.read_bps_device");
  if (version2_) {
    seen = read_text(directory("io", "/" + id) + "/io.max");
  }
  EXPECT_THAT(seen, ::testing::AnyOf(HasSubstr(expected + " 1048576"),
                                     HasSubstr(expected + " rbps=1048576")));
}

TEST_F(Cgroups, APidsLimitStopsForks) {
  config["linux"]["resources"]["pids"] = {{"limit", 5}};
  EXPECT_THAT(run_script("for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait").err,
              HasSubstr("fork"));
}

TEST_F(Cgroups, InitIsInTheCgroupBeforeTheProgramRuns) {
  drop_namespace("cgroup");
  const std::string seen = output_of("cat /proc/self/cgroup");
  for (const char* line : {"memory", "pids", "name=systemd"}) {
    const auto at = seen.find(std::string{":"} + line + ":");
    if (at != std::string::npos) {
      EXPECT_THAT(seen.substr(at, seen.find('\n', at) - at), HasSubstr(id));
    }
  }
}

TEST_F(Cgroups, TheCgroupNamespaceHidesThePath) {
  EXPECT_EQ(output_of("cut -d: -f3 /proc/self/cgroup | sort -u"), "/");
}

TEST_F(Cgroups, NoCgroupFilesystemInsideIsWritable) {
  grant_all_capabilities();
  EXPECT_EQ(output_of("for d in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir $d/x 2>/dev/null && echo "
                      "$d; done; true"),
            "");
}

TEST_F(Cgroups, TheMountShowsTheContainersOwnCgroup) {
  config["linux"]["resources"]["pids"] = {{"limit", 21}};
  const bool hybrid = std::filesystem::exists("/sys/fs/cgroup/pids");
  EXPECT_EQ(output_of(hybrid ? "cat /sys/fs/cgroup/pids/pids.max" : "cat /sys/fs/cgroup/pids.max"),
            "21");
}

TEST_F(Cgroups, DevicesOutsideOfTheListAreDenied) {
  if (!std::filesystem::exists("/sys/fs/cgroup/devices")) {
    GTEST_SKIP() << "no devices controller of cgroup v1";
  }
  grant_all_capabilities();
  config["root"]["readonly"] = false;
  // c 1:11 is /dev/kmsg: no default device. Making the node is allowed, using it is not.
  const std::string script =
      "mknod /dev/log1 c 1 11 && (cat /dev/log1 2>&1 >/dev/null | head -1 | grep -o 'Operation not "
      "permitted'); cat /dev/null && echo null";
  EXPECT_EQ(output_of(script), "Operation not permitted\nnull");
}

TEST_F(Cgroups, ACgroupInUseIsRefused) {
  config["linux"]["cgroupsPath"] = "/" + id;
  ASSERT_GT(start_background(id + "1"), 0);
  const Ended ended = run_script("true");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("has processes already"));
  // The refusal must not have taken the other one's cgroup away.
  EXPECT_EQ(json::parse(boxrun({"state", id + "1"}).out)["status"], "running");
  EXPECT_EQ(boxrun({"kill", "--all", id + "1", "KILL"}).status, 0);
}

/// Processes in a group below it would be killed with the container, whoever they are.
TEST_F(Cgroups, ACgroupInUseFurtherDownIsRefused) {
  config["linux"]["cgroupsPath"] = "/" + mark + "/above/below";
  ASSERT_GT(start_background(id + "1"), 0);
  config["linux"]["cgroupsPath"] = "/" + mark + "/above";
  const Ended ended = run_script("true");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("has processes already"));
  EXPECT_EQ(json::parse(boxrun({"state", id + "1"}).out)["status"], "running");
}

/// Groups on the way are removed by whoever leaves them last, not by whoever made them.
TEST_F(Cgroups, TheLastOfTwoRemovesTheGroupThatTheyShared) {
  config["linux"]["cgroupsPath"] = "/" + mark + "/shared/one";
  ASSERT_GT(start_background(id + "1"), 0);
  config["linux"]["cgroupsPath"] = "/" + mark + "/shared/two";
  ASSERT_GT(start_background(id + "2"), 0);
  EXPECT_EQ(boxrun({"delete", "--force", id + "1"}).status, 0);
  EXPECT_FALSE(find_traces(mark).empty());
  EXPECT_EQ(boxrun({"delete", "--force", id + "2"}).status, 0);
  EXPECT_THAT(find_traces(mark), ::testing::IsEmpty());
}

TEST_F(Cgroups, TheLastOfTwoDoesSoAfterACrashThatLeftTheGroupUnmarked) {
  config["linux"]["cgroupsPath"] = "/" + mark + "/one";
  ASSERT_GT(start_background(id + "1"), 0);
  const auto layout = cgroup::read_layout();
  ASSERT_TRUE(layout.ok());
  int unmarked = 0;
  for (const auto& hierarchy : layout.value()) {
    const std::string group = cgroup::container_directory(hierarchy, "/" + mark);
    unmarked += ::removexattr(group.c_str(), "user.boxrun.made") == 0 ? 1 : 0;
  }
  EXPECT_GT(unmarked, 0);
  config["linux"]["cgroupsPath"] = "/" + mark + "/two";
  ASSERT_GT(start_background(id + "2"), 0);
  EXPECT_EQ(boxrun({"delete", "--force", id + "1"}).status, 0);
  EXPECT_EQ(boxrun({"delete", "--force", id + "2"}).status, 0);
  EXPECT_THAT(find_traces(mark), ::testing::IsEmpty());
}

/// Freezes a group of the hierarchy that can, or returns false.
bool write_freezer(const std::string& group, bool frozen) {
  const std::string version1 = "/sys/fs/cgroup/freezer";
  const bool is_version1 = std::filesystem::exists(version1);
  const std::string directory = (is_version1 ? version1 : "/sys/fs/cgroup") + group;
  if (!is_version1 && !has_cgroup2_alone()) {
    return false;
  }
  std::error_code ignored;
  std::filesystem::create_directories(directory, ignored);
  if (is_version1) {
    std::ofstream{directory + "/freezer.state"} << (frozen ? "FROZEN" : "THAWED");
  } else {
    std::ofstream{directory + "/cgroup.freeze"} << (frozen ? "1" : "0");
  }
  return true;
}
void remove_group(const std::string& group) {
  for (const char* hierarchy : {"/sys/fs/cgroup/freezer", "/sys/fs/cgroup"}) {
    ::rmdir((hierarchy + group).c_str());
  }
}

TEST_F(Cgroups, AFrozenCgroupIsRefused) {
  const std::string above = "/" + id;
  const std::string group = above + "/inner";
  if (!write_freezer(group, true)) {
    GTEST_SKIP() << "no cgroup hierarchy here has a freezer";
  }
  config["linux"]["cgroupsPath"] = group;
  Ended ended = run_script("true");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr(group + " is frozen: Device or resource busy (EBUSY)\nhint: a "
                                           "process in it would never run"));
  write_freezer(group, false);
  // One that is not there yet would be born frozen.
  write_freezer(above, true);
  config["linux"]["cgroupsPath"] = above + "/new";
  ended = run_script("true");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr(above + " is frozen"));
  write_freezer(above, false);
  remove_group(group);
  remove_group(above);
}

TEST_F(Cgroups, AFrozenContainerIsPausedAndCanBeDeleted) {
  config["linux"]["cgroupsPath"] = "/" + id;
  ASSERT_GT(start_background(id), 0);
  if (!write_freezer("/" + id, true)) {
    GTEST_SKIP() << "no cgroup hierarchy here has a freezer";
  }
  EXPECT_EQ(json::parse(boxrun({"state", id}).out)["status"], "paused");
  EXPECT_EQ(boxrun({"delete", "--force", id}).status, 0);
}

TEST_F(Cgroups, WhatIsFrozenInsideIsThawedToBeDeletedAndWhatSomebodyElseFrozeIsNamed) {
  const std::string hierarchy = "/sys/fs/cgroup/freezer";
  if (!std::filesystem::exists(hierarchy)) {
    GTEST_SKIP() << "in cgroup v2 frozen processes can be killed";
  }
  config["linux"]["cgroupsPath"] = "/" + id + "/above/own";
  const auto freeze_with = [&](const std::string& group, int pid) {
    std::filesystem::create_directories(hierarchy + group);
    if (pid != 0) {
      write_text(hierarchy + group + "/tasks", std::to_string(pid));
    }
    write_freezer(group, true);
  };
  int init = start_background(id);
  ASSERT_GT(init, 0);
  freeze_with("/" + id + "/above/own/inside", init);
  const Ended deleted = boxrun({"delete", "--force", id});
  EXPECT_EQ(deleted.status, 0) << deleted.err;
  for (const std::string& group : {"/" + id + "/above", "/" + id + "/elsewhere"}) {
    init = start_background(id);
    ASSERT_GT(init, 0);
    freeze_with(group, group.ends_with("elsewhere") ? init : 0);
    const Ended refused = boxrun({"delete", "--force", id});
    EXPECT_EQ(refused.status, 1);
    const std::string directory = hierarchy + group;
    EXPECT_EQ(refused.err, "error: process " + std::to_string(init) + " is killed, and dies when " +
                               directory + " is thawed: Device or resource busy (EBUSY)\n" +
                               "hint: somebody else has frozen it: write THAWED to " + directory +
                               "/freezer.state, and delete the container again\n");
    write_freezer(group, false);
    EXPECT_EQ(boxrun({"delete", "--force", id}).status, 0);
  }
  remove_group("/" + id + "/elsewhere");
  remove_group("/" + id);
}

}  // namespace
}  // namespace boxrun::tests
