// What boxrun asks systemd for: names of units, and limits as properties.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/systemd/bus.h"
#include "runtime/systemd/names.h"
#include "runtime/systemd/properties.h"

namespace boxrun::systemd {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ScopeNames, ComeFromTheCgroupsPath) {
  const auto docker = parse_scope_name("system.slice:docker:abc", "id", false);
  ASSERT_TRUE(docker.ok()) << docker.error().what;
  EXPECT_EQ(docker.value().slice, "system.slice");
  EXPECT_EQ(docker.value().unit, "docker-abc.scope");
  const auto kubelet =
      parse_scope_name("kubepods-besteffort-pod1_2.slice:cri-containerd:f00", "id", false);
  ASSERT_TRUE(kubelet.ok()) << kubelet.error().what;
  EXPECT_EQ(kubelet.value().unit, "cri-containerd-f00.scope");
}

TEST(ScopeNames, HaveDefaults) {
  EXPECT_EQ(parse_scope_name("", "c1", false).value().slice, "system.slice");
  EXPECT_EQ(parse_scope_name("", "c1", false).value().unit, "boxrun-c1.scope");
  EXPECT_EQ(parse_scope_name("", "c1", true).value().slice, "user.slice");
  EXPECT_EQ(parse_scope_name(":libpod:x", "c1", true).value().slice, "user.slice");
  EXPECT_EQ(parse_scope_name("::x", "c1", false).value().unit, "-x.scope");
}

TEST(ScopeNames, ThatSystemdWouldNotTakeAreRefused) {
  for (const char* wrong : {"/a/b", "a", "a:b", "a.slice:b:c:d", "system:b:c", "a--b.slice:b:c",
                            "-a.slice:b:c", "a/b.slice:b:c", "a.slice:b/:c",
                            "a.slice:b:", "a.slice:b:c d", ".slice:b:c", "a.slice:b:c.slice"}) {
    const auto parsed = parse_scope_name(wrong, "id", false);
    ASSERT_FALSE(parsed.ok()) << wrong;
    EXPECT_THAT(parsed.error().what, HasSubstr("/linux/cgroupsPath")) << wrong;
  }
  EXPECT_FALSE(parse_scope_name("", std::string(250, 'a'), false).ok());
  EXPECT_FALSE(parse_scope_name("", "a+b", false).ok());
}

TEST(ScopeNames, ASliceIsBelowThoseThatItsNameBeginsWith) {
  EXPECT_EQ(slice_path("system.slice"), "/system.slice");
  EXPECT_EQ(slice_path("a-b-c.slice"), "/a.slice/a-b.slice/a-b-c.slice");
  EXPECT_EQ(slice_path("-.slice"), "");
}

TEST(ScopeNames, BecomeObjectPaths) {
  EXPECT_EQ(object_path("docker-a1.scope"), "/org/freedesktop/systemd1/unit/docker_2da1_2escope");
  EXPECT_EQ(object_path("1_x.scope"), "/org/freedesktop/systemd1/unit/_31_5fx_2escope");
}

TEST(BusAddresses, ArePaths) {
  EXPECT_THAT(parse_address("unix:path=/run/bus"), ElementsAre("/run/bus"));
  EXPECT_THAT(parse_address("tcp:host=x;unix:guid=1,path=/a%20b;unix:abstract=x"),
              ElementsAre("/a b", std::string{"\0x", 2}));
  EXPECT_THAT(parse_address("unix:path=/a%2;unix:path"), IsEmpty());
  EXPECT_THAT(parse_address(""), IsEmpty());
}

/// `MemoryMax=100`, `DeviceAllow=(c-* m)`: enough to tell values apart.
std::string render(const dbus::Value& value) {
  std::string text = value.text;
  if (value.parts.empty() && value.text.empty() && value.type.front() != 'a') {
    text = std::to_string(value.number);
  }
  for (const dbus::Value& part : value.parts) {
    text += (text.empty() ? "" : " ") + render(part);
  }
  return value.type.front() == '(' ? "(" + text + ")" : text;
}
std::vector<std::string> render(const std::vector<Property>& properties) {
  std::vector<std::string> lines;
  for (const Property& property : properties) {
    lines.push_back(property.name + ":" + property.value.type + "=" + render(property.value));
  }
  return lines;
}

TEST(Properties, OfMemory) {
  config::Resources resources;
  resources.memory.limit = 1000;
  resources.memory.swap = 1500;
  resources.memory.reservation = 500;
  EXPECT_THAT(render(limit_properties(resources, true)),
              ElementsAre("MemoryMax:t=1000", "MemoryLow:t=500", "MemorySwapMax:t=500"));
  EXPECT_THAT(render(limit_properties(resources, false)),
              ElementsAre("MemoryMax:t=1000", "MemoryLow:t=500"));
  resources.memory = {};
  resources.memory.limit = -1;
  resources.memory.swap = -1;
  resources.pids_limit = -1;
  const std::string all = "18446744073709551615";
  EXPECT_THAT(render(limit_properties(resources, true)),
              ElementsAre("MemoryMax:t=" + all, "MemorySwapMax:t=" + all, "TasksMax:t=" + all));
}

TEST(Properties, OfTheCpu) {
  config::Resources resources;
  resources.cpu.shares = 1024;
  resources.cpu.quota = 33'333;
  resources.cpu.period = 50'000;
  resources.cpu.cpus = "0-2,9";
  resources.cpu.mems = "0";
  // 0.66666 of a CPU, rounded up to whole percents.
  EXPECT_THAT(
      render(limit_properties(resources, true)),
      ElementsAre("CPUWeight:t=39", "CPUQuotaPeriodUSec:t=50000", "CPUQuotaPerSecUSec:t=670000",
                  "AllowedCPUs:ay=7 2", "AllowedMemoryNodes:ay=1"));
  EXPECT_THAT(
      render(limit_properties(resources, false)),
      ElementsAre("CPUShares:t=1024", "CPUQuotaPeriodUSec:t=50000", "CPUQuotaPerSecUSec:t=670000"));
  resources.cpu = {};
  resources.cpu.quota = -1;
  EXPECT_THAT(render(limit_properties(resources, true)),
              ElementsAre("CPUQuotaPerSecUSec:t=18446744073709551615"));
  resources.cpu = {};
  resources.cpu.cpus = "0-9:2/4";
  EXPECT_THAT(limit_properties(resources, true), IsEmpty()) << "a list that systemd cannot be told";
}

TEST(Properties, OfTheUnifiedMap) {
  config::Resources resources;
  resources.unified = {{"memory.high", "5000"}, {"memory.max", "max"}, {"cpu.max", "10000 100000"},
                       {"cpuset.cpus", "1"},    {"io.weight", "5"},    {"pids.max", "nonsense"}};
  EXPECT_THAT(
      render(limit_properties(resources, true)),
      ElementsAre("CPUQuotaPeriodUSec:t=100000", "CPUQuotaPerSecUSec:t=100000", "AllowedCPUs:ay=2",
                  "MemoryHigh:t=5000", "MemoryMax:t=18446744073709551615"));
  EXPECT_THAT(limit_properties(resources, false), IsEmpty());
}

TEST(Properties, OfDevicesAllowNoLessThanTheRules) {
  config::Resources resources;
  EXPECT_THAT(device_properties(resources, true), IsEmpty());
  resources.devices = {{false, 'a', std::nullopt, std::nullopt, "rwm"},
                       {true, 'b', 8, std::nullopt, "r"},
                       {true, 'c', 10, 229, "rw"},
                       {false, 'c', 10, 229, "w"}};
  const auto lines = render(device_properties(resources, true));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], "DevicePolicy:s=strict");
  EXPECT_EQ(lines[1], "DeviceAllow:a(ss)=");
  for (const char* allowed : {"(block-8 r)", "(/dev/char/10:229 rw)", "(char-* m)", "(block-* m)",
                              "(/dev/char/1:3 rwm)", "(char-136 rwm)"}) {
    EXPECT_THAT(lines[2], HasSubstr(allowed));
  }
  resources.devices.push_back({true, 'a', std::nullopt, std::nullopt, "rwm"});
  EXPECT_THAT(render(device_properties(resources, true)),
              ElementsAre("DevicePolicy:s=auto", "DeviceAllow:a(ss)="));
  // Without a rule for all, version 1 allows what the cgroup above does.
  resources.devices = {{true, 'c', 10, 229, "rw"}};
  EXPECT_THAT(render(device_properties(resources, false)), Contains("DevicePolicy:s=auto"));
  EXPECT_THAT(render(device_properties(resources, true)), Contains("DevicePolicy:s=strict"));
}

TEST(Properties, OfAnnotations) {
  const auto properties = annotated_properties({{"org.example", "x"},
                                                {"org.systemd.property.CollectMode", "'inactive'"},
                                                {"org.systemd.property.TimeoutStopSec", "1.5"},
                                                {"org.systemd.property.RuntimeMaxUSec", "uint64 9"},
                                                {"org.systemd.property.StartSec", "uint32 2"}});
  ASSERT_TRUE(properties.ok()) << properties.error().what;
  EXPECT_THAT(render(properties.value()),
              ElementsAre("CollectMode:s=inactive", "RuntimeMaxUSec:t=9", "StartUSec:t=2000000",
                          "TimeoutStopUSec:t=1500000"));
  for (const auto& [name, text] : {std::pair{"X", "1"},
                                   {"Memory_Max", "1"},
                                   {"Name", "nonsense"},
                                   {"TimeoutSec", "'5s'"},
                                   {"TimeoutSec", "-5"}}) {
    const auto wrong = annotated_properties({{std::string{"org.systemd.property."} + name, text}});
    ASSERT_FALSE(wrong.ok()) << name << " " << text;
    EXPECT_THAT(wrong.error().what,
                HasSubstr(std::string{"/annotations/org.systemd.property."} + name));
  }
}

}  // namespace
}  // namespace boxrun::systemd
