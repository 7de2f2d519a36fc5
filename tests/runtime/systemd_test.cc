// The systemd cgroup driver against a systemd that the test plays itself, so that it can also be
// one that fails. Against the real one: tests/runtime/engines/systemd.sh.

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "runtime/systemd/units.h"
#include "tests/runtime/container_fixture.h"
#include "tests/runtime/fake_systemd.h"

namespace boxrun::tests {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using Mood = FakeSystemd::Mood;

class SystemdCgroups : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (IsSkipped()) {
      return;
    }
    slice_ = mark + ".slice";
    std::replace(slice_.begin(), slice_.end(), '-', '_');
    unit_ = "test-" + mark + ".scope";
    config["linux"]["cgroupsPath"] = slice_ + ":test:" + mark;
    fake_ = std::make_unique<FakeSystemd>(folder + "/bus");
  }
  void TearDown() override {
    ContainerTest::TearDown();  // deletes containers, for which systemd is needed
    fake_.reset();
  }

  Ended with_systemd(std::vector<std::string> args) {
    args.insert(args.begin(), "--systemd-cgroup");
    return boxrun(std::move(args));
  }
  /// Runs a container in the background that sleeps.
  Ended start() {
    config["process"]["args"] = {"/bin/sleep", "1000"};
    write_config();
    return with_systemd({"run", "--detach", "--bundle", folder + "/bundle", id});
  }
  /// What start() prints when it fails. Nothing may be left, which TearDown() looks for.
  std::string refusal() {
    const Ended ended = start();
    EXPECT_EQ(ended.status, 1) << ended.out;
    return ended.err;
  }
  void expect_properties(const std::map<std::string, std::string>& expected) {
    for (const auto& [name, value] : expected) {
      EXPECT_EQ(fake_->units[unit_].properties[name], value) << name;
    }
  }
  [[nodiscard]] int init() { return json::parse(boxrun({"state", id}).out)["pid"]; }

  std::unique_ptr<FakeSystemd> fake_;
  std::string slice_;
  std::string unit_;
};

TEST_F(SystemdCgroups, AScopeIsStartedWithInitAndItsLimits) {
  config["linux"]["resources"]["memory"] = {{"limit", 64 << 20}, {"reservation", 32 << 20}};
  config["linux"]["resources"]["pids"] = {{"limit", 20}};
  config["linux"]["resources"]["cpu"] = {{"quota", 50000}, {"period", 100000}};
  config["annotations"]["org.systemd.property.TimeoutStopSec"] = "uint64 7";
  config["annotations"]["org.systemd.property.CollectMode"] = "'inactive-or-failed'";
  const Ended started = start();
  ASSERT_EQ(started.status, 0) << started.err;
  expect_properties({{"Slice", slice_},
                     {"Delegate", "1"},
                     {"PIDs", std::to_string(init())},
                     {"DefaultDependencies", "0"},
                     {"MemoryAccounting", "1"},
                     {"CPUAccounting", "1"},
                     {"IOAccounting", "1"},
                     {"TasksAccounting", "1"},
                     {"MemoryMax", "67108864"},
                     {"MemoryLow", "33554432"},
                     {"TasksMax", "20"},
                     {"CPUQuotaPerSecUSec", "500000"},
                     {"CPUQuotaPeriodUSec", "100000"},
                     {"TimeoutStopUSec", "7000000"},
                     {"CollectMode", "inactive-or-failed"},
                     {"DevicePolicy", "strict"}});
  EXPECT_THAT(fake_->units[unit_].properties["DeviceAllow"], HasSubstr("char-136 rwm"));
}

/// Those that systemd has made, and those that it does not know.
TEST_F(SystemdCgroups, InitIsInTheScopeInEveryHierarchy) {
  ASSERT_EQ(start().status, 0);
  const std::string membership = read_text("/proc/" + std::to_string(init()) + "/cgroup");
  for (const std::string_view line : base::split(membership, '\n')) {
    const bool is_mounted = !line.starts_with("0::") ||
                            std::filesystem::exists("/sys/fs/cgroup/unified") ||
                            std::filesystem::exists("/sys/fs/cgroup/cgroup.procs");
    if (!line.empty() && is_mounted) {
      EXPECT_THAT(std::string{line}, ::testing::EndsWith("/" + slice_ + "/" + unit_));
    }
  }
  const Ended executed = with_systemd({"exec", id, "cat", "/proc/self/cgroup"});
  EXPECT_EQ(executed.status, 0) << executed.err;
}

TEST_F(SystemdCgroups, UpdateTellsSystemdAndDeleteStopsTheUnit) {
  config["linux"]["resources"]["pids"] = {{"limit", 20}};
  ASSERT_EQ(start().status, 0);
  // What makes a container systemd's is in its state: later commands need no option.
  const Ended updated = boxrun({"update", "--pids-limit", "30", "--memory", "80m", id});
  EXPECT_EQ(updated.status, 0) << updated.err;
  expect_properties({{"TasksMax", "30"}, {"MemoryMax", "83886080"}});
  EXPECT_EQ(boxrun({"pause", id}).status, 0);
  EXPECT_EQ(boxrun({"resume", id}).status, 0);
  EXPECT_EQ(boxrun({"delete", "--force", id}).status, 0);
  EXPECT_THAT(fake_->calls, Contains("StopUnit " + unit_));
  EXPECT_THAT(fake_->units, IsEmpty());
}

TEST_F(SystemdCgroups, AScopeThatIsGoneAlreadyCanBeDeleted) {
  ASSERT_EQ(start().status, 0);
  EXPECT_EQ(boxrun({"kill", id, "KILL"}).status, 0);
  fake_->units.clear();
  const Ended deleted = boxrun({"delete", "--force", id});
  EXPECT_EQ(deleted.status, 0);
  EXPECT_EQ(deleted.err, "");
}

TEST_F(SystemdCgroups, WithoutSystemdAContainerCanBeDeletedAllTheSame) {
  ASSERT_EQ(start().status, 0);
  fake_.reset();
  ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere", 1);
  const Ended deleted = boxrun({"delete", "--force", id});
  ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
  EXPECT_EQ(deleted.status, 0);
  EXPECT_THAT(deleted.err, HasSubstr("warning: systemd was not told to stop " + unit_));
  std::filesystem::remove("/sys/fs/cgroup/systemd/" + slice_);
  std::filesystem::remove("/sys/fs/cgroup/unified/" + slice_);
  std::filesystem::remove("/sys/fs/cgroup/" + slice_);
}

TEST_F(SystemdCgroups, AUnitOfThatNameIsRefused) {
  fake_->units[unit_] = {};
  EXPECT_THAT(refusal(), AllOf(HasSubstr("/linux/cgroupsPath: systemd has a unit " + unit_ +
                                         " already: File exists (EEXIST)"),
                               HasSubstr("hint: another container uses it")));
  EXPECT_THAT(fake_->units, Contains(Pair(unit_, ::testing::_))) << "it is somebody else's";
}

TEST_F(SystemdCgroups, AFailedUnitOfThatNameIsForgotten) {
  fake_->units[unit_].failed = true;
  EXPECT_EQ(start().status, 0);
  EXPECT_THAT(fake_->calls, Contains("ResetFailedUnit " + unit_));
}

TEST_F(SystemdCgroups, WhatSystemdRefusesIsTold) {
  config["annotations"]["org.systemd.property.NoSuchThing"] = "true";
  EXPECT_THAT(refusal(),
              HasSubstr("/linux/cgroupsPath: systemd refuses StartTransientUnit: Cannot set "
                        "property NoSuchThing, or unknown property. "
                        "(org.freedesktop.DBus.Error.PropertyReadOnly)\nhint: "));
  EXPECT_THAT(fake_->units, IsEmpty());
}

TEST_F(SystemdCgroups, AJobThatFailsIsAnError) {
  fake_->mood = Mood::JobsFail;
  EXPECT_THAT(refusal(), HasSubstr("systemd could not start " + unit_ + ": failed"));
  EXPECT_THAT(fake_->units, IsEmpty()) << "the failed unit was not forgotten";
}

TEST_F(SystemdCgroups, AConnectionThatEndsIsAnError) {
  fake_->mood = Mood::HangsUp;
  EXPECT_THAT(refusal(), HasSubstr("systemd has closed the connection"));
  fake_->mood = Mood::TalksNonsense;
  EXPECT_THAT(refusal(), HasSubstr("a D-Bus message does not begin as one: "));
  fake_->mood = Mood::LetsNobodyIn;
  EXPECT_THAT(refusal(), HasSubstr("the server does not let us in: \"REJECTED KERBEROS_V4\""));
}

TEST_F(SystemdCgroups, ASystemdThatDoesNotAnswerIsNotWaitedForForEver) {
  fake_->mood = Mood::JobsHang;
  auto units = systemd::Units::connect(false, std::chrono::milliseconds{200});
  ASSERT_TRUE(units.ok()) << units.error().what;
  const auto started = units.value().start_scope({slice_, unit_}, 4194304, {});
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().err, ETIMEDOUT);
  EXPECT_THAT(started.error().what, HasSubstr("StartTransientUnit: job /org/freedesktop/systemd1"));
  fake_->mood = Mood::Well;
  EXPECT_TRUE(units.value().stop(unit_).ok()) << "the directories of the scope go with it";
}

TEST_F(SystemdCgroups, AFailureLaterOnStopsTheUnit) {
  config["hooks"]["createRuntime"] = {{{"path", "/bin/false"}}};
  EXPECT_THAT(refusal(), HasSubstr("/hooks/createRuntime/0"));
  EXPECT_THAT(fake_->units, IsEmpty());
}

TEST_F(SystemdCgroups, APathIsNoScope) {
  config["linux"]["cgroupsPath"] = "/a/b";
  EXPECT_THAT(refusal(), HasSubstr("/linux/cgroupsPath: \"/a/b\" is not of the form "
                                   "SLICE:PREFIX:NAME"));
  EXPECT_THAT(fake_->calls, IsEmpty());
}

/// With id maps and with a stage, others clone, and at other times.
TEST_F(SystemdCgroups, EveryWayOfCloningEndsInTheScope) {
  add_namespace("user");
  map_users(100000, 65536);
  config["root"]["readonly"] = false;
  Ended started = start();
  ASSERT_EQ(started.status, 0) << started.err;
  EXPECT_THAT(read_text("/proc/" + std::to_string(init()) + "/cgroup"), HasSubstr(unit_));
  ASSERT_EQ(boxrun({"delete", "--force", id}).status, 0);
  if (std::filesystem::exists("/proc/self/ns/time")) {
    add_namespace("time");
    started = start();
    ASSERT_EQ(started.status, 0) << started.err;
    EXPECT_THAT(read_text("/proc/" + std::to_string(init()) + "/cgroup"), HasSubstr(unit_));
  }
}

TEST_F(SystemdCgroups, WithoutSystemdTheOptionIsRefused) {
  if (std::filesystem::exists("/run/systemd/system")) {
    GTEST_SKIP() << "a systemd runs here";
  }
  fake_.reset();
  EXPECT_THAT(refusal(), HasSubstr("--systemd-cgroup: no systemd runs here: there is no "
                                   "/run/systemd/system\nhint: let boxrun make the cgroups"));
}

}  // namespace
}  // namespace boxrun::tests
