// config.json: what is read, and what each mistake is told to be.

#include "runtime/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <nlohmann/json.hpp>
#include <string>

#include "runtime/config/default_spec.h"
#include "runtime/config/parse.h"

namespace boxrun::config {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

json base_document() {
  return json::parse(R"({
    "ociVersion": "1.2.0",
    "process": {"args": ["sh"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}},
    "root": {"path": "rootfs"},
    "hostname": "box",
    "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
    "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "uts"},
                             {"type": "ipc"}, {"type": "network"}]}
  })");
}

/// The document with one value put at a JSON pointer.
std::string with(const char* pointer, const json& value) {
  json document = base_document();
  document[json::json_pointer{pointer}] = value;
  return document.dump();
}

std::string without(const char* parent, const char* key) {
  json document = base_document();
  document[json::json_pointer{parent}].erase(key);
  return document.dump();
}

std::string mistake_in(const std::string& text) {
  const auto parsed = parse_config(text);
  return parsed.ok() ? "no mistake" : parsed.error().what;
}

std::string hint_for(const std::string& text) {
  const auto parsed = parse_config(text);
  return parsed.ok() ? "no mistake" : parsed.error().hint;
}

Config parsed(const std::string& text) {
  auto result = parse_config(text);
  if (!result.ok()) {
    ADD_FAILURE() << result.error().what;
    return {};
  }
  return std::move(result).value();
}

TEST(Config, TheBaseOfTheseTestsHasNoMistake) {
  EXPECT_EQ(mistake_in(base_document().dump()), "no mistake");
}

TEST(Config, TextThatIsNoJsonNamesLineAndColumn) {
  EXPECT_EQ(mistake_in("{\n  \"ociVersion\": oops\n}"), "line 2, column 17: not valid JSON");
  EXPECT_EQ(mistake_in("[]"), "the document is not a JSON object");
  EXPECT_EQ(mistake_in(""), "line 1, column 1: not valid JSON");
}

TEST(Config, VersionMustBeThereAndBeOne) {
  EXPECT_EQ(mistake_in(without("", "ociVersion")), "/ociVersion: is required");
  EXPECT_EQ(mistake_in(with("/ociVersion", "newest")), "/ociVersion: \"newest\" is not a version");
  EXPECT_EQ(mistake_in(with("/ociVersion", "2.0.0")),
            "/ociVersion: version 2.0.0 is not supported");
  EXPECT_EQ(mistake_in(with("/ociVersion", "1.0.2-dev")), "no mistake");
}

TEST(Config, RootIsRequiredAndProcessIsNot) {
  EXPECT_EQ(mistake_in(without("", "process")), "no mistake");
  EXPECT_EQ(mistake_in(without("", "root")), "/root: is required");
  EXPECT_EQ(mistake_in(without("/root", "path")), "/root/path: is required");
}

TEST(Config, ArgsMustNameAProgram) {
  EXPECT_EQ(mistake_in(with("/process/args", json::array())),
            "/process/args: must name the program to run");
  EXPECT_EQ(mistake_in(with("/process/args", {""})),
            "/process/args: the name of the program must not be empty");
  EXPECT_EQ(mistake_in(with("/process/args", "sh")),
            "/process/args: expected an array, found a string");
}

TEST(Config, CwdMustBeAbsolute) {
  EXPECT_EQ(mistake_in(with("/process/cwd", "tmp")),
            "/process/cwd: \"tmp\" is not an absolute path");
  EXPECT_EQ(mistake_in(without("/process", "cwd")), "/process/cwd: is required");
}

TEST(Config, EnvironmentIsNameEqualsValue) {
  EXPECT_EQ(mistake_in(with("/process/env", {"PATH=/bin", "LANG"})),
            "/process/env/1: \"LANG\" is not of the form NAME=value");
}

TEST(Config, IdsAreCheckedForTheirRange) {
  EXPECT_EQ(mistake_in(with("/process/user/uid", -1)),
            "/process/user/uid: -1 is not in the range from 0 to 4294967295");
  EXPECT_EQ(mistake_in(with("/process/user/uid", 4294967296)),
            "/process/user/uid: 4294967296 is not in the range from 0 to 4294967295");
  EXPECT_EQ(mistake_in(with("/process/user/gid", 4294967295)),
            "/process/user/gid: 4294967295 is not an id: system calls take it for \"no change\"");
  EXPECT_EQ(mistake_in(with("/process/user/uid", 1.5)),
            "/process/user/uid: expected an integer from 0 to 4294967295, found a number with a "
            "fraction or an exponent");
  EXPECT_EQ(mistake_in(with("/process/user/additionalGids", {5, "tty"})),
            "/process/user/additionalGids/1: expected an integer from 0 to 4294967295, found a "
            "string");
  EXPECT_EQ(mistake_in(with("/process/user/umask", 512)),
            "/process/user/umask: 512 is more than 511 (0777 in octal)");
}

TEST(Config, UnknownCapabilityIsAWarningThatNamesTheNearest) {
  const auto config =
      parse_config(with("/process/capabilities", {{"bounding", {"CAP_CHOWN", "CAP_SYSADMIN"}}}));
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config.value().process.capabilities->bounding, 1U << CAP_CHOWN);
  EXPECT_THAT(config.value().not_applied,
              ::testing::ElementsAre("/process/capabilities/bounding/1: not granted: unknown "
                                     "capability \"CAP_SYSADMIN\"; did you mean "
                                     "\"CAP_SYS_ADMIN\"?"));
}

TEST(Config, RlimitsAreNamedOnceAndInOrder) {
  EXPECT_EQ(mistake_in(
                with("/process/rlimits", {{{"type", "RLIMIT_NOFILES"}, {"soft", 1}, {"hard", 1}}})),
            "/process/rlimits/0/type: unknown resource limit \"RLIMIT_NOFILES\"");
  EXPECT_EQ(
      mistake_in(with("/process/rlimits", {{{"type", "RLIMIT_CORE"}, {"soft", 2}, {"hard", 1}}})),
      "/process/rlimits/0/soft: 2 is above the hard limit 1");
  const json twice = {{"type", "RLIMIT_CORE"}, {"soft", 1}, {"hard", 1}};
  EXPECT_EQ(mistake_in(with("/process/rlimits", {twice, twice})),
            "/process/rlimits/1/type: RLIMIT_CORE is limited twice");
}

TEST(Config, OomScoreHasARange) {
  EXPECT_EQ(mistake_in(with("/process/oomScoreAdj", 1001)),
            "/process/oomScoreAdj: 1001 is not in the range from -1000 to 1000");
}

TEST(Config, UnknownNamespaceHintsTheNearest) {
  const std::string text = with("/linux/namespaces/2/type", "nett");
  EXPECT_EQ(mistake_in(text), "/linux/namespaces/2/type: unknown namespace \"nett\"");
  EXPECT_THAT(hint_for(text), ::testing::HasSubstr("network"));
}

TEST(Config, NamespacesAreListedOnceWithAbsolutePaths) {
  EXPECT_EQ(mistake_in(with("/linux/namespaces/1/type", "pid")),
            "/linux/namespaces/1/type: the pid namespace is listed twice");
  EXPECT_EQ(mistake_in(with("/linux/namespaces/4/path", "netns/blue")),
            "/linux/namespaces/4/path: \"netns/blue\" is not an absolute path");
}

TEST(Config, SettingsOfANamespaceNeedIt) {
  json document = base_document();
  document["linux"]["namespaces"] = {{{"type", "mount"}}};
  EXPECT_EQ(mistake_in(document.dump()),
            "/hostname: needs a uts namespace, or it would change the host");
  document["linux"]["namespaces"] = {{{"type", "uts"}}};
  document["linux"]["maskedPaths"] = {"/proc/kcore"};
  EXPECT_EQ(mistake_in(document.dump()),
            "/linux/maskedPaths: needs a mount namespace, or it would change the host");
  EXPECT_EQ(mistake_in(with("/linux/timeOffsets", {{"monotonic", {{"secs", 1}}}})),
            "/linux/timeOffsets: needs a time namespace, or it would change the host");
}

TEST(Config, TimeOffsetsAreOfTwoClocks) {
  EXPECT_EQ(
      mistake_in(with("/linux/timeOffsets", {{"realtime", {{"secs", 1}}}})),
      "/linux/timeOffsets/realtime: the clock \"realtime\" has no offset in a time namespace");
  EXPECT_EQ(mistake_in(with("/linux/timeOffsets", {{"boottime", {{"nanosecs", 1000000000}}}})),
            "/linux/timeOffsets/boottime/nanosecs: 1000000000 is a second or more");
}

TEST(Config, UserNamespaceNeedsMappings) {
  EXPECT_EQ(mistake_in(with("/linux/namespaces/0/type", "user")),
            "/linux/uidMappings: a new user namespace needs a mapping: without one the container's "
            "root is nobody");
  EXPECT_EQ(
      mistake_in(with("/linux/uidMappings", {{{"containerID", 0}, {"hostID", 1000}, {"size", 1}}})),
      "/linux/uidMappings: mappings need a user namespace");
}

TEST(Config, MappingsMustNotOverlapNorBeEmpty) {
  const auto mapping = [](unsigned inside, unsigned outside, unsigned size) {
    return json{{"containerID", inside}, {"hostID", outside}, {"size", size}};
  };
  EXPECT_EQ(mistake_in(with("/linux/uidMappings", {mapping(0, 1000, 10), mapping(9, 2000, 1)})),
            "/linux/uidMappings/1: overlaps /linux/uidMappings/0");
  EXPECT_EQ(mistake_in(with("/linux/gidMappings", json::array({mapping(0, 1000, 0)}))),
            "/linux/gidMappings/0/size: a mapping of 0 ids maps nothing");
}

TEST(Config, MountsNeedTypeOrBind) {
  EXPECT_EQ(mistake_in(with("/mounts/0", {{"destination", "/x"}})), "/mounts/0/type: is required");
  EXPECT_EQ(mistake_in(with("/mounts/0", {{"destination", "/x"}, {"options", {"rbind"}}})),
            "/mounts/0/source: a bind mount needs the path that it shows");
  EXPECT_EQ(mistake_in(with("/mounts/0", {{"type", "proc"}})),
            "/mounts/0/destination: is required");
  EXPECT_EQ(mistake_in(with("/mounts/0",
                            {{"destination", "/x"}, {"type", "tmpfs"}, {"options", {"idmap"}}})),
            "/mounts/0: only a bind mount can be id-mapped");
}

TEST(Config, DevicesAreCheckedBeforeAnyIsMade) {
  EXPECT_EQ(mistake_in(with("/linux/devices", {{{"path", "/dev/x"}, {"type", "d"}}})),
            "/linux/devices/0/type: unknown device type \"d\"");
  EXPECT_EQ(mistake_in(with("/linux/devices", {{{"path", "/dev/x"}, {"type", "c"}}})),
            "/linux/devices/0/major: is required");
  const json device = {{"path", "/dev/x"}, {"type", "c"}, {"major", 1}, {"minor", 3}};
  EXPECT_EQ(mistake_in(with("/linux/devices", {device, device})),
            "/linux/devices/1/path: /dev/x is made by /linux/devices/0 already");
}

TEST(Config, SysctlsMustBelongToANamespaceOfTheContainer) {
  EXPECT_EQ(mistake_in(with("/linux/sysctl", {{"kernel.core_pattern", "|/bin/evil"}})),
            "/linux/sysctl/kernel.core_pattern: is not a setting of a namespace: it would change "
            "the host");
  EXPECT_EQ(mistake_in(with("/linux/sysctl", {{"net/../kernel/core_pattern", "x"}})),
            "/linux/sysctl/net~1..~1kernel~1core_pattern: is not a sysctl key with a one-line "
            "value");
  EXPECT_EQ(mistake_in(with("/linux/sysctl", {{"net.ipv4.ip_forward", "1\n2"}})),
            "/linux/sysctl/net.ipv4.ip_forward: is not a sysctl key with a one-line value");
  json document = base_document();
  document["linux"]["namespaces"].erase(4);
  document["linux"]["sysctl"] = {{"net.ipv4.ip_forward", "1"}};
  EXPECT_EQ(mistake_in(document.dump()),
            "/linux/sysctl/net.ipv4.ip_forward: needs a network namespace of the container's own, "
            "or it would change the host");
}

TEST(Config, SeccompWordsAreKnown) {
  const auto profile = [](json rule) {
    return with("/linux/seccomp", {{"defaultAction", "SCMP_ACT_ALLOW"},
                                   {"syscalls", json::array({std::move(rule)})}});
  };
  EXPECT_EQ(mistake_in(with("/linux/seccomp", {{"defaultAction", "SCMP_ACT_DENY"}})),
            "/linux/seccomp/defaultAction: unknown seccomp action \"SCMP_ACT_DENY\"");
  EXPECT_EQ(
      mistake_in(profile({{"names", {"read"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 5000}})),
      "/linux/seccomp/syscalls/0/errnoRet: 5000 is not an errno");
  EXPECT_EQ(mistake_in(profile({{"names", json::array()}, {"action", "SCMP_ACT_ERRNO"}})),
            "/linux/seccomp/syscalls/0/names: must name at least one system call");
  EXPECT_EQ(mistake_in(profile({{"names", {"read"}},
                                {"action", "SCMP_ACT_ERRNO"},
                                {"args", {{{"index", 6}, {"value", 0}, {"op", "SCMP_CMP_EQ"}}}}})),
            "/linux/seccomp/syscalls/0/args/0/index: 6 is not in the range from 0 to 5: a system "
            "call has six arguments");
  EXPECT_EQ(mistake_in(with("/linux/seccomp", {{"defaultAction", "SCMP_ACT_ALLOW"},
                                               {"architectures", {"SCMP_ARCH_VAX"}}})),
            "/linux/seccomp/architectures/0: unknown architecture \"SCMP_ARCH_VAX\"");
  EXPECT_EQ(mistake_in(with("/linux/seccomp", {{"defaultAction", "SCMP_ACT_ALLOW"},
                                               {"flags", {"SECCOMP_FILTER_FLAG_NEW_LISTENER"}}})),
            "/linux/seccomp/flags/0: unknown seccomp flag \"SECCOMP_FILTER_FLAG_NEW_LISTENER\"");
}

TEST(Config, ResourcesHaveRanges) {
  EXPECT_EQ(mistake_in(with("/linux/resources", {{"memory", {{"swappiness", 101}}}})),
            "/linux/resources/memory/swappiness: 101 is not in the range from 0 to 100");
  EXPECT_EQ(mistake_in(with("/linux/resources", {{"memory", {{"limit", 100}, {"swap", 50}}}})),
            "/linux/resources/memory/swap: 50 is below the memory limit 100");
  EXPECT_EQ(mistake_in(with("/linux/resources", {{"memory", {{"limit", "64M"}}}})),
            "/linux/resources/memory/limit: expected an integer from -9223372036854775808 to "
            "9223372036854775807, found a string");
  EXPECT_EQ(mistake_in(with("/linux/resources", {{"cpu", {{"cpus", "all"}}}})),
            "/linux/resources/cpu/cpus: \"all\" is not a list such as 0-2,4");
  EXPECT_EQ(
      mistake_in(with("/linux/resources", {{"devices", {{{"allow", true}, {"access", "rx"}}}}})),
      "/linux/resources/devices/0/access: \"rx\" has letters other than r, w and m");
  EXPECT_EQ(mistake_in(with("/linux/resources", {{"devices", {{{"access", "r"}}}}})),
            "/linux/resources/devices/0/allow: is required");
  EXPECT_EQ(mistake_in(with("/linux/resources", {{"unified", {{"../x", "1"}}}})),
            "/linux/resources/unified/..~1x: is not the name of a cgroup file such as memory.high");
}

TEST(Config, CgroupsPathMustNotClimb) {
  EXPECT_EQ(mistake_in(with("/linux/cgroupsPath", "/a/../../b")),
            "/linux/cgroupsPath: must not contain \"..\"");
}

TEST(Config, PropagationAndPathListsAreChecked) {
  EXPECT_EQ(mistake_in(with("/linux/rootfsPropagation", "slaved")),
            "/linux/rootfsPropagation: unknown propagation \"slaved\"");
  EXPECT_EQ(mistake_in(with("/linux/maskedPaths", {"proc/kcore"})),
            "/linux/maskedPaths/0: \"proc/kcore\" is not an absolute path");
}

TEST(Config, HooksNeedAnAbsolutePathAndAPositiveTimeout) {
  EXPECT_EQ(mistake_in(with("/hooks", {{"poststop", {{{"path", "true"}}}}})),
            "/hooks/poststop/0/path: \"true\" is not an absolute path");
  EXPECT_EQ(mistake_in(with("/hooks", {{"prestart", {{{"path", "/bin/true"}, {"timeout", 0}}}}})),
            "/hooks/prestart/0/timeout: 0 is not above 0 seconds");
}

TEST(Config, ANulInAStringIsRefused) {
  EXPECT_EQ(mistake_in(with("/root/path", std::string{"root\0fs", 7})),
            "/root/path: a string must not contain a NUL character");
}

TEST(Config, TheFirstMistakeIsReported) {
  json document = base_document();
  document["process"]["cwd"] = "x";
  document["linux"]["namespaces"][0]["type"] = "y";
  EXPECT_EQ(mistake_in(document.dump()), "/process/cwd: \"x\" is not an absolute path");
}

TEST(Config, UnknownFieldsAreIgnoredAndNullIsAbsent) {
  json document = base_document();
  document["vendor"] = {{"anything", 1}};
  document["process"]["user"]["additionalGids"] = nullptr;
  document["linux"]["seccomp"] = nullptr;
  EXPECT_FALSE(parsed(document.dump()).seccomp.has_value());
}

TEST(Config, NamesBecomeNumbers) {
  json document = base_document();
  document["process"]["capabilities"] = {{"bounding", {"CAP_CHOWN", "CAP_SYS_ADMIN"}}};
  document["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 10}, {"hard", 20}}};
  const Config config = parsed(document.dump());
  EXPECT_EQ(config.process.capabilities->bounding,
            std::uint64_t{1} << CAP_CHOWN | std::uint64_t{1} << CAP_SYS_ADMIN);
  EXPECT_EQ(config.process.rlimits.at(0).resource, RLIMIT_NOFILE);
  EXPECT_TRUE(config.has_new(NamespaceKind::Pid));
  EXPECT_FALSE(config.has_joined(NamespaceKind::Pid));
}

TEST(Config, SettingsThatAreNotAppliedAreNoted) {
  json document = base_document();
  document["linux"]["namespaces"] = {{{"type", "uts"}}};
  EXPECT_THAT(
      parsed(document.dump()).not_applied,
      ElementsAre("/mounts: not applied: without a new mount namespace they would be mounts "
                  "of the host"));
}

TEST(Config, SchedulingHasWordsAndRanges) {
  const auto scheduler = [](const json& value) {
    return mistake_in(with("/process/scheduler", value));
  };
  EXPECT_EQ(scheduler({{"policy", "SCHED_FIFO"}, {"priority", 10}}), "no mistake");
  EXPECT_EQ(scheduler({{"policy", "SCHED_FIF"}}),
            "/process/scheduler/policy: unknown scheduling policy \"SCHED_FIF\"");
  EXPECT_EQ(scheduler({{"policy", "SCHED_FIFO"}}),
            "/process/scheduler/priority: 0 is not in the range from 1 to 99 that SCHED_FIFO has");
  EXPECT_EQ(scheduler({{"policy", "SCHED_OTHER"}, {"priority", 1}}),
            "/process/scheduler/priority: SCHED_OTHER has no priority");
  EXPECT_EQ(scheduler({{"policy", "SCHED_OTHER"}, {"nice", 20}}),
            "/process/scheduler/nice: 20 is not in the range from -20 to 19");
  EXPECT_EQ(scheduler({{"policy", "SCHED_OTHER"}, {"runtime", 20}}),
            "/process/scheduler: runtime, deadline and period belong to SCHED_DEADLINE");
  EXPECT_EQ(scheduler({{"policy", "SCHED_OTHER"}, {"flags", {"SCHED_FLAG_NONE"}}}),
            "/process/scheduler/flags/0: unknown scheduler flag \"SCHED_FLAG_NONE\"");
  EXPECT_EQ(
      mistake_in(with("/process/ioPriority", {{"class", "IOPRIO_CLASS_BE"}, {"priority", 8}})),
      "/process/ioPriority/priority: 8 is not in the range from 0 to 7");
  EXPECT_EQ(mistake_in(with("/process/execCPUAffinity", {{"initial", "0-"}})),
            "/process/execCPUAffinity/initial: \"0-\" is not a list such as 0-2,4");
  EXPECT_EQ(mistake_in(with("/linux/personality", {{"domain", "BSD"}})),
            "/linux/personality/domain: unknown domain \"BSD\"");
  EXPECT_EQ(mistake_in(with("/linux/memoryPolicy", {{"mode", "MPOL_BIND"}, {"nodes", "x"}})),
            "/linux/memoryPolicy/nodes: \"x\" is not a list such as 0-2,4");
}

TEST(Config, SharesOfCachesAreLinesInTheOrderInWhichTheyAreWritten) {
  const auto rdt = parsed(with("/linux/intelRdt", {{"schemata", {"L2:0=f", "MB:0=30"}},
                                                   {"memBwSchema", "MB:0=20;1=70"},
                                                   {"l3CacheSchema", "L3CODE:0=f\nL3DATA:0=f0\n"},
                                                   {"closID", "gold"},
                                                   {"enableCMT", false},
                                                   {"enableMBM", true}}))
                       .intel_rdt;
  ASSERT_TRUE(rdt);
  EXPECT_EQ(rdt->clos_id, "gold");
  EXPECT_EQ(rdt->monitoring, "/linux/intelRdt/enableMBM");
  std::vector<std::string> lines;
  for (const Schema& schema : rdt->schemata) {
    lines.push_back(schema.setting + " " + schema.line);
  }
  EXPECT_THAT(lines, ElementsAre("/linux/intelRdt/l3CacheSchema L3CODE:0=f",
                                 "/linux/intelRdt/l3CacheSchema L3DATA:0=f0",
                                 "/linux/intelRdt/memBwSchema MB:0=20;1=70",
                                 "/linux/intelRdt/schemata/0 L2:0=f",
                                 "/linux/intelRdt/schemata/1 MB:0=30"));
  EXPECT_FALSE(parsed(base_document().dump()).intel_rdt);
  const auto empty = parsed(with("/linux/intelRdt", json::object())).intel_rdt;
  ASSERT_TRUE(empty) << "set, which makes a group of the container's id";
  EXPECT_TRUE(empty->clos_id.empty() && empty->schemata.empty() && empty->monitoring.empty());
}

TEST(Config, MistakesInSharesOfCachesHavePaths) {
  const auto rdt = [](const json& value) { return mistake_in(with("/linux/intelRdt", value)); };
  EXPECT_EQ(rdt({{"closID", "/"}}), "no mistake");
  for (const char* name : {"a/b", "..", ".", "/a"}) {
    EXPECT_EQ(rdt({{"closID", name}}), "/linux/intelRdt/closID: \"" + std::string{name} +
                                           "\" is no name of a resctrl group");
  }
  EXPECT_EQ(rdt({{"closID", "a\nb"}}),
            "/linux/intelRdt/closID: \"a\\nb\" is no name of a resctrl group");
  EXPECT_EQ(rdt({{"memBwSchema", "L3:0=f"}}),
            "/linux/intelRdt/memBwSchema: \"L3:0=f\" is not a line of schemata");
  EXPECT_EQ(rdt({{"memBwSchema", "MB:0=1\nMB:1=1"}}),
            "/linux/intelRdt/memBwSchema: \"MB:0=1\\nMB:1=1\" is not a line of schemata");
  EXPECT_EQ(rdt({{"l3CacheSchema", "0=f"}}),
            "/linux/intelRdt/l3CacheSchema: \"0=f\" is not a line of schemata");
  EXPECT_EQ(rdt({{"schemata", {"L3:0=f", "L3:0=f\nMB:0=1"}}}),
            "/linux/intelRdt/schemata/1: \"L3:0=f\\nMB:0=1\" is not a line of schemata");
}

TEST(Config, NetworkDevicesHaveNamesOfTheKernels) {
  EXPECT_EQ(mistake_in(with("/linux/netDevices", {{"eth0", {{"name", "a%d"}}}})), "no mistake");
  EXPECT_EQ(mistake_in(with("/linux/netDevices", {{"a/b", json::object()}})),
            "/linux/netDevices/a~1b: \"a/b\" is no name of a network device");
  EXPECT_EQ(mistake_in(with("/linux/netDevices", {{"eth0", {{"name", "sixteen-bytes-16"}}}})),
            "/linux/netDevices/eth0: \"sixteen-bytes-16\" is no name of a network device");
  EXPECT_EQ(mistake_in(with("/linux/netDevices", {{"..", json::object()}})),
            "/linux/netDevices/..: \"..\" is no name of a network device");
}

TEST(Config, WhatSpecWritesIsValid) {
  EXPECT_EQ(mistake_in(render_default_spec({})), "no mistake");
  SpecRequest request;
  request.rootless = SpecRequest::Rootless{1000, 1000};
  EXPECT_EQ(mistake_in(render_default_spec(request)), "no mistake");
}

TEST(ContainerId, LettersDigitsAndFourSigns) {
  for (const char* good : {"c1", "A_b+c-d.e", "..."}) {
    EXPECT_TRUE(parse_container_id(good).ok()) << good;
  }
  for (const char* bad : {"", ".", "..", "a/b", "../x", "a b", "a\nb", "\xc3\xa9"}) {
    EXPECT_FALSE(parse_container_id(bad).ok()) << bad;
  }
  EXPECT_FALSE(parse_container_id(std::string(256, 'a')).ok());
}

}  // namespace
}  // namespace boxrun::config
