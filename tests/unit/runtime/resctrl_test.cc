// Groups of resctrl in an ordinary folder that looks like one. What only the kernel does, filling
// a new directory with files, is done by the tests; what it refuses is played by /dev/full.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/resctrl/groups.h"
#include "runtime/resctrl/schemata.h"
#include "runtime/state/state.h"

namespace boxrun::resctrl {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void write_text(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path{path}.parent_path());
  std::ofstream{path} << text;
}

std::string read_text(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

class Resctrl : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "resctrl.XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    root = folder + "/resctrl";
    write_text(root + "/info/last_cmd_status", "ok\n");
    write_text(root + "/info/L3/cbm_mask", "fffff\n");
    write_text(root + "/info/L3/min_cbm_bits", "1\n");
    write_text(root + "/info/L3/num_closids", "16\n");
    write_text(root + "/info/MB/bandwidth_gran", "10\n");
    write_text(root + "/info/MB/min_bandwidth", "10\n");
    fs::create_directories(root + "/info/L3_MON");
    fill(root);
  }
  void TearDown() override { fs::remove_all(folder); }

  /// What the kernel puts into a new group.
  static void fill(const std::string& directory) {
    write_text(directory + "/schemata", "    L3:0=fffff;1=fffff\n    MB:0=100;1=100\n");
    write_text(directory + "/tasks", "");
    fs::create_directories(directory + "/mon_groups");
  }
  void expect_refusal(const Result<void>& result, int err, const std::string& text,
                      const std::string& hint) const {
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().err, err) << result.error().what;
    EXPECT_EQ(result.error().what, text);
    EXPECT_EQ(result.error().hint, hint);
  }
  Groups choose(const std::string& name, bool must_exist = false) const {
    auto groups = choose_control(root, name, must_exist);
    EXPECT_TRUE(groups.ok()) << groups.error().what;
    return groups.ok() ? std::move(groups).value() : Groups{};
  }
  /// A group of the container's own, made.
  Groups make(const std::string& name) const {
    Groups groups = choose(name);
    EXPECT_TRUE(make_control(groups).ok());
    fill(groups.control);
    return groups;
  }

  std::string folder;
  std::string root;
  const std::string hardware =
      "L3 (cbm_mask fffff, min_cbm_bits 1), L3_MON, MB (bandwidth_gran 10, min_bandwidth 10)";
};

TEST_F(Resctrl, TheMountIsFoundByItsTypeWhereAPathReachesIt) {
  const std::string proc = folder + "/proc";
  const auto find = [&proc](const std::string& mountinfo) {
    write_text(proc + "/self/mountinfo", mountinfo);
    auto found = find_root(proc);
    return found.ok() ? found.value() : found.error().what;
  };
  EXPECT_EQ(find("30 20 0:26 / /mnt/my\\040rdt rw - resctrl resctrl rw\n"), "/mnt/my rdt");
  EXPECT_EQ(find("30 20 0:26 / /sys/fs/resctrl rw - tmpfs resctrl rw\n"), "no resctrl is mounted");
  EXPECT_EQ(find("30 20 0:26 / /sys/fs/resctrl rw - resctrl resctrl rw\n"
                 "31 20 0:27 / /sys rw - tmpfs tmpfs rw\n"),
            "no resctrl is mounted")
      << "it is covered";
  EXPECT_EQ(find("30 20 0:26 /group /mnt rw - resctrl resctrl rw\n"), "no resctrl is mounted")
      << "a part of it";
}

TEST_F(Resctrl, WhyThereIsNoneIsToldApart) {
  const std::string proc = folder + "/proc";
  write_text(proc + "/self/mountinfo", "30 20 0:26 / / rw - ext4 /dev/sda rw\n");
  const auto hint = [&proc](const std::string& filesystems, const std::string& flags) {
    write_text(proc + "/filesystems", filesystems);
    write_text(proc + "/cpuinfo", "processor\t: 0\nflags\t\t: fpu " + flags + " vme\n");
    auto found = find_root(proc);
    EXPECT_EQ(found.error().err, ENODEV);
    return found.error().hint;
  };
  EXPECT_EQ(hint("nodev\tsysfs\nnodev\tresctrl\n", "rdt_a"),
            "mount it: mount -t resctrl resctrl /sys/fs/resctrl");
  EXPECT_THAT(hint("nodev\tsysfs\n", "cqm_llc"), HasSubstr("CONFIG_X86_CPU_RESCTRL, or rdt="));
  EXPECT_THAT(hint("nodev\tsysfs\n", "sse"), HasSubstr("leave /linux/intelRdt out"));
}

TEST_F(Resctrl, AGroupOfItsOwnIsMadeWrittenJoinedAndRemoved) {
  Groups groups = choose("c1");
  EXPECT_TRUE(groups.created);
  EXPECT_THAT(groups.made, ElementsAre(root + "/c1"));
  EXPECT_FALSE(fs::exists(root + "/c1")) << "choosing makes nothing";
  ASSERT_TRUE(make_control(groups).ok());
  fill(groups.control);
  ASSERT_TRUE(set_schema(groups, "L3:0=f;1=f").ok());
  // Written over what was there, as an ordinary file takes it.
  EXPECT_EQ(read_text(root + "/c1/schemata").substr(0, 11), "L3:0=f;1=f\n");
  choose_monitor(groups, "c1");
  EXPECT_THAT(groups.made, ElementsAre(root + "/c1", root + "/c1/mon_groups/c1"));
  ASSERT_TRUE(make_monitor(groups).ok());
  write_text(groups.monitor + "/tasks", "");
  ASSERT_TRUE(join(groups, 4711).ok());
  EXPECT_EQ(read_text(root + "/c1/tasks"), "4711");
  EXPECT_EQ(read_text(root + "/c1/mon_groups/c1/tasks"), "4711");
  EXPECT_EQ(read_text(root + "/tasks"), "");
  // The kernel's rmdir(2) takes the files along.
  fs::remove_all(root + "/c1");
  fs::create_directory(root + "/c1");
  ASSERT_TRUE(remove_groups(groups).ok());
  EXPECT_FALSE(fs::exists(root + "/c1"));
  EXPECT_TRUE(remove_groups(groups).ok()) << "what is gone is no mistake";
}

TEST_F(Resctrl, AGroupThatWasThereIsComparedAndNeverChangedOrRemoved) {
  fill(root + "/gold");
  write_text(root + "/gold/schemata", "    L3:0=007f0;1=0001f\n    MB:0= 20;1= 70\n");
  const std::string before = read_text(root + "/gold/schemata");
  Groups groups = choose("gold");
  EXPECT_FALSE(groups.created);
  EXPECT_THAT(groups.made, IsEmpty());
  ASSERT_TRUE(make_control(groups).ok());
  for (const char* line : {"L3:0=7f0;1=1f", "L3:1=0x1F", "MB:1=70;0=20", "MB:0=11", "MB: 1 = 61"}) {
    EXPECT_TRUE(set_schema(groups, line).ok()) << line;
  }
  expect_refusal(
      set_schema(groups, "L3:0=7f0;1=f"), EEXIST,
      "the group was there before, and \"" + root + "/gold/schemata\" has \"L3:0=007f0;1=0001f\"",
      "choose another closID, or join the group as it is: without a schema");
  expect_refusal(set_schema(groups, "L2:0=f"), EEXIST,
                 "the group was there before, and \"" + root + "/gold/schemata\" has no such line",
                 "choose another closID, or join the group as it is: without a schema");
  for (const char* line : {"MB:0=21", "MB:2=20", "L3:2=f"}) {
    EXPECT_FALSE(set_schema(groups, line).ok()) << line;
  }
  ASSERT_TRUE(remove_groups(groups).ok());
  EXPECT_EQ(read_text(root + "/gold/schemata"), before);
}

TEST_F(Resctrl, WithoutASchemaANamedGroupHasToBeThere) {
  auto missing = choose_control(root, "gold", /*must_exist=*/true);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().err, ENOENT);
  EXPECT_EQ(missing.error().what, "stat(\"" + root + "/gold\")");
  EXPECT_THAT(missing.error().hint, HasSubstr("make it with mkdir"));
  fill(root + "/gold");
  EXPECT_EQ(choose("gold", true).control, root + "/gold");
  EXPECT_EQ(choose("/", true).control, root);
  auto kernels = choose_control(root, "info", /*must_exist=*/true);
  ASSERT_FALSE(kernels.ok());
  EXPECT_EQ(kernels.error().what, "\"" + root + "/info\" is no resctrl group");
}

TEST_F(Resctrl, ANamedGroupStaysOnceItIsComplete) {
  Groups groups = make("gold");
  EXPECT_THAT(groups.made, ElementsAre(root + "/gold"));
  choose_monitor(groups, "c1");
  ASSERT_TRUE(make_monitor(groups).ok());
  keep_control(groups);
  EXPECT_THAT(groups.made, ElementsAre(root + "/gold/mon_groups/c1"));
  ASSERT_TRUE(remove_groups(groups).ok());
  EXPECT_FALSE(fs::exists(root + "/gold/mon_groups/c1"));
  EXPECT_TRUE(fs::exists(root + "/gold/schemata"));
}

TEST_F(Resctrl, WhoeverIsFasterOwnsTheGroup) {
  Groups groups = choose("gold");
  fill(root + "/gold");
  ASSERT_TRUE(make_control(groups).ok());
  EXPECT_FALSE(groups.created);
  EXPECT_THAT(groups.made, IsEmpty());
}

TEST_F(Resctrl, AMonitoringGroupOfSomebodyElseIsNotJoined) {
  fs::create_directories(root + "/mon_groups/c1");
  Groups groups = choose("/");
  choose_monitor(groups, "c1");
  expect_refusal(make_monitor(groups), EEXIST, "mkdir(\"" + root + "/mon_groups/c1\")",
                 "a container of this id is monitored already; if none is, rmdir it");
  ASSERT_TRUE(remove_groups(groups).ok());
  EXPECT_TRUE(fs::exists(root + "/mon_groups/c1"));
}

TEST_F(Resctrl, AProcessorWithoutMonitoringIsDescribed) {
  fs::remove(root + "/mon_groups");
  Groups groups = choose("/");
  choose_monitor(groups, "c1");
  expect_refusal(make_monitor(groups), ENOENT, "mkdir(\"" + root + "/mon_groups/c1\")",
                 "this processor may not have it; it has " + hardware);
}

TEST_F(Resctrl, WithoutRootsRightsTheHintSaysWhoseItIs) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, to be somebody else";
  }
  Groups groups = choose("c1");
  ASSERT_EQ(::seteuid(65534), 0);
  const auto made = make_control(groups);
  ASSERT_EQ(::seteuid(0), 0);
  expect_refusal(made, EACCES, "mkdir(\"" + root + "/c1\")",
                 "resctrl belongs to root of the first user namespace");
  EXPECT_THAT(groups.made, IsEmpty());
}

TEST_F(Resctrl, TheKernelsOwnReasonIsInTheMessage) {
  Groups groups = make("c1");
  for (const char* file : {"schemata", "tasks"}) {
    fs::remove(root + "/c1/" + file);
    fs::create_symlink("/dev/full", root + "/c1/" + file);
  }
  write_text(root + "/info/last_cmd_status", "Mask out of range\n");
  expect_refusal(
      set_schema(groups, "L3:0=fffffff"), ENOSPC,
      "write(\"" + root + "/c1/schemata\", \"L3:0=fffffff\") (last_cmd_status: Mask out of range)",
      "the processor has " + hardware);
  write_text(root + "/info/last_cmd_status", "No task 4711\n");
  expect_refusal(join(groups, 4711), ENOSPC,
                 "write(\"" + root + "/c1/tasks\", \"4711\") (last_cmd_status: No task 4711)", "");
  // "ok" is of a command that succeeded, and a file that is missing was never asked.
  write_text(root + "/info/last_cmd_status", "ok\n");
  expect_refusal(join(groups, 1), ENOSPC, "write(\"" + root + "/c1/tasks\", \"1\")", "");
  write_text(root + "/info/last_cmd_status", "of an earlier command\n");
  fs::remove(root + "/c1/tasks");
  expect_refusal(join(groups, 1), ENOENT, "open(\"" + root + "/c1/tasks\")", "");
}

TEST_F(Resctrl, WhatIsCountedIsReadOfAGroupWithoutOthers) {
  Groups groups = make("c1");
  const auto count = [](const std::string& group, const std::string& value) {
    write_text(group + "/mon_data/mon_L3_00/llc_occupancy", value);
    write_text(group + "/mon_data/mon_L3_00/mbm_total_bytes", "Unavailable\n");
    write_text(group + "/mon_data/mon_L3_01/mbm_local_bytes", "9\n");
    write_text(group + "/mon_data/mon_PERF_PKG_00/core_energy", "1.5\n");
  };
  count(root + "/c1", "1000\n");
  const Stats stats = read_stats(groups);
  EXPECT_EQ(stats.cbm_mask, "fffff");
  EXPECT_EQ(stats.cache, (Counters{{"min_cbm_bits", 1}, {"num_closids", 16}}));
  EXPECT_EQ(stats.bandwidth, (Counters{{"bandwidth_gran", 10}, {"min_bandwidth", 10}}));
  EXPECT_THAT(stats.schemata, ElementsAre("L3:0=fffff;1=fffff", "MB:0=100;1=100"));
  EXPECT_THAT(stats.domains,
              ElementsAre(Counters{{"llc_occupancy", 1000}}, Counters{{"mbm_local_bytes", 9}}));
  keep_control(groups);
  EXPECT_THAT(read_stats(groups).domains, IsEmpty());
  choose_monitor(groups, "c1");
  count(groups.monitor, "20\n");
  EXPECT_EQ(read_stats(groups).domains.at(0), (Counters{{"llc_occupancy", 20}}));
}

TEST_F(Resctrl, TheStateKeepsWhatIsToBeRemoved) {
  state::State state;
  state.oci_version = state.id = state.bundle = state.rootfs = state.created = "x";
  EXPECT_THAT(state::render_state_file(state), ::testing::Not(HasSubstr("resctrl")));
  state.resctrl = choose("c1");
  choose_monitor(state.resctrl, "c1");
  const auto read = state::parse_state_file(state::render_state_file(state));
  ASSERT_TRUE(read.ok()) << read.error().what;
  const Groups& groups = read.value().resctrl;
  EXPECT_EQ(groups.root, root);
  EXPECT_EQ(groups.control, root + "/c1");
  EXPECT_TRUE(groups.created);
  EXPECT_EQ(groups.monitor, root + "/c1/mon_groups/c1");
  EXPECT_EQ(groups.made, state.resctrl.made);
}

}  // namespace
}  // namespace boxrun::resctrl
