// Cgroup hierarchies and limits, from the text of /proc files as real hosts print them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/cgroup/layout.h"
#include "runtime/cgroup/limits.h"

namespace boxrun::cgroup {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kHybridMounts =
    "31 22 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "33 31 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "34 31 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
    "35 31 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
constexpr const char* kHybridMembership =
    "4:name=systemd:/user\n3:memory:/user/one\n2:cpu,cpuacct:/\n0::/user/two\n";

TEST(Layout, AHybridHostHasEveryHierarchyWhereItIs) {
  const auto layout = parse_layout(kHybridMounts, kHybridMembership);
  ASSERT_EQ(layout.size(), 4U);
  EXPECT_THAT(layout[0].controllers, ElementsAre("name=systemd"));
  EXPECT_EQ(layout[1].mount_point, "/sys/fs/cgroup/memory");
  EXPECT_THAT(layout[2].controllers, ElementsAre("cpu", "cpuacct"));
  EXPECT_TRUE(layout[3].version2);
  EXPECT_EQ(layout[3].own, "/user/two");
}

TEST(Layout, AHierarchyThatIsNotMountedIsLeftOut) {
  EXPECT_THAT(parse_layout("", kHybridMembership), IsEmpty());
  EXPECT_THAT(parse_layout("nonsense", "more nonsense"), IsEmpty());
}

TEST(Layout, AMountThatIsCoveredIsNoPlace) {
  const auto hierarchies = parse_layout(
      "30 20 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
      "31 30 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
      "40 30 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
      "1:cpu:/\n0::/\n");
  ASSERT_EQ(hierarchies.size(), 1U);
  EXPECT_TRUE(hierarchies[0].version2);
}

TEST(Layout, AMountOfASubtreeShortensOurOwnPath) {
  const auto layout = parse_layout(
      "33 31 0:28 /pod /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n", "3:memory:/pod/c\n");
  ASSERT_EQ(layout.size(), 1U);
  EXPECT_EQ(layout[0].own, "/c");
}

TEST(Layout, RelativePathsCountFromOurOwnCgroupAndInVersion2FromItsParent) {
  const auto layout = parse_layout(kHybridMounts, kHybridMembership);
  EXPECT_EQ(container_directory(layout[1], "boxrun/c1"),
            "/sys/fs/cgroup/memory/user/one/boxrun/c1");
  EXPECT_EQ(container_directory(layout[1], "/boxrun/c1"), "/sys/fs/cgroup/memory/boxrun/c1");
  EXPECT_EQ(container_directory(layout[3], "boxrun/c1"), "/sys/fs/cgroup/unified/user/boxrun/c1");
  EXPECT_EQ(container_directory(layout[1], "//a//b/"), "/sys/fs/cgroup/memory/a/b");
}

std::vector<std::string> lines(const std::vector<Limit>& limits, bool version2) {
  std::vector<std::string> all;
  for (const Limit& limit : limits) {
    if (limit.version2 == version2) {
      all.push_back(limit.file + "=" + limit.value);
    }
  }
  return all;
}

TEST(Limits, MemoryIsWrittenForBothVersions) {
  config::Resources resources;
  resources.memory.limit = 1000;
  resources.memory.swap = 1500;
  resources.memory.reservation = 500;
  const auto limits = make_limits(resources);
  EXPECT_THAT(lines(limits, false),
              ElementsAre("memory.limit_in_bytes=1000", "memory.memsw.limit_in_bytes=1500",
                          "memory.soft_limit_in_bytes=500"));
  // Version 2 counts swap alone.
  EXPECT_THAT(lines(limits, true),
              ElementsAre("memory.max=1000", "memory.swap.max=500", "memory.low=500"));
}

TEST(Limits, MinusOneIsUnlimited) {
  config::Resources resources;
  resources.memory.limit = -1;
  resources.memory.swap = -1;
  resources.pids_limit = -1;
  EXPECT_THAT(lines(make_limits(resources), true),
              ElementsAre("memory.max=max", "memory.swap.max=max", "pids.max=max"));
}

TEST(Limits, SharesBecomeAWeight) {
  config::Resources resources;
  resources.cpu.shares = 1024;
  EXPECT_THAT(lines(make_limits(resources), true), ElementsAre("cpu.weight=39"));
  resources.cpu.shares = 2;
  EXPECT_THAT(lines(make_limits(resources), true), ElementsAre("cpu.weight=1"));
  resources.cpu.shares = 262144;
  EXPECT_THAT(lines(make_limits(resources), true), ElementsAre("cpu.weight=10000"));
}

TEST(Limits, ThePeriodComesBeforeTheQuota) {
  config::Resources resources;
  resources.cpu.quota = 50000;
  resources.cpu.period = 200000;
  EXPECT_THAT(lines(make_limits(resources), false),
              ElementsAre("cpu.cfs_period_us=200000", "cpu.cfs_quota_us=50000"));
  EXPECT_THAT(lines(make_limits(resources), true),
              ElementsAre("cpu.max=50000 200000", "cpu.max=50000 200000"));
}

TEST(Limits, DeviceRulesKeepTheirOrderAndLeaveTheDefaultDevices) {
  config::Resources resources;
  EXPECT_THAT(make_device_limits(resources), IsEmpty());
  resources.devices = {{false, 'a', std::nullopt, std::nullopt, "rwm"}, {true, 'c', 10, 229, "rw"}};
  const auto limits = make_device_limits(resources);
  ASSERT_GE(limits.size(), 4U);
  EXPECT_EQ(limits[0].file, "devices.deny");
  EXPECT_EQ(limits[0].value, "a *:* rwm");
  EXPECT_EQ(limits[1].file, "devices.allow");
  EXPECT_EQ(limits[1].value, "c 10:229 rw");
  EXPECT_EQ(limits[1].setting, "/linux/resources/devices/1");
  EXPECT_EQ(limits.back().value, "c 136:* rwm");
}

// ---- what an update that fails puts back ----

TEST(Restore, ValuesAreWrittenInTheFormThatFilesTake) {
  const auto restore = [](const char* file, const char* value, const char* text,
                          bool version2 = false) {
    return value_to_restore({"", "", version2, file, value, {}}, text);
  };
  EXPECT_EQ(restore("memory.limit_in_bytes", "1", "67108864\n"), "67108864");
  EXPECT_EQ(restore("memory.oom_control", "1", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
            "0");
  EXPECT_EQ(restore("cpuset.cpus", "0", "\n"), "\n") << "an empty write would change nothing";
  EXPECT_EQ(restore("cpu.max", "50000 100000", "max 100000\n", true), "max 100000");
  EXPECT_EQ(restore("io.weight", "200", "default 100\n8:0 50\n", true), "default 100");
  EXPECT_EQ(restore("io.weight", "8:0 70", "default 100\n8:0 50\n", true), "8:0 50");
  EXPECT_EQ(restore("io.weight", "8:16 70", "default 100\n8:0 50\n", true), "8:16 default");
  EXPECT_EQ(restore("io.max", "8:0 rbps=5", "8:0 rbps=max wbps=7 riops=max wiops=max\n", true),
            "8:0 rbps=max wbps=7 riops=max wiops=max");
  EXPECT_EQ(restore("io.max", "8:16 rbps=5", "8:0 rbps=max wbps=7 riops=max wiops=max\n", true),
            "8:16 rbps=max");
  EXPECT_EQ(restore("blkio.throttle.read_bps_device", "8:0 5", ""), "8:0 0");
  EXPECT_EQ(restore("blkio.throttle.read_bps_device", "8:0 5", "8:0 1048576\n"), "8:0 1048576");
  EXPECT_EQ(restore("net_prio.ifpriomap", "lo 5", "lo 0\neth0 3\n"), "lo 0");
}

}  // namespace
}  // namespace boxrun::cgroup
