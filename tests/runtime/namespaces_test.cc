// The eight namespaces, each looked at from both sides.

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

using ::testing::HasSubstr;

constexpr const char* kLinks[] = {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"};

std::string link_of(const std::string& pid, const std::string& name) {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/" + pid + "/ns/" + name, error).string();
}

class Namespaces : public ContainerTest {};

TEST_F(Namespaces, AllEightAreNewAndInsideAndOutsideAgree) {
  for (const char* type : {"pid", "mount", "network", "ipc", "uts", "cgroup", "time"}) {
    add_namespace(type);
  }
  map_users(100000, 65536);
  config["linux"]["timeOffsets"] = {{"monotonic", {{"secs", 100000}}}};
  const int pid = start_background(
      id,
      "for n in user mnt pid net ipc uts cgroup time; do readlink /proc/self/ns/$n; done > "
      "/dev/shm/ns; cat /proc/uptime >> /dev/shm/ns; sleep 1000");
  ASSERT_GT(pid, 0);
  const std::string outside = std::to_string(pid);
  for (const char* name : kLinks) {
    EXPECT_NE(link_of(outside, name), link_of("self", name)) << name;
  }
  std::string seen;
  for (int attempt = 0; attempt < 100 && seen.find('.') == std::string::npos; ++attempt) {
    ::usleep(20'000);
    seen = read_text("/proc/" + outside + "/root/dev/shm/ns");
  }
  std::istringstream lines{seen};
  for (const char* name : kLinks) {
    std::string inside;
    std::getline(lines, inside);
    EXPECT_EQ(inside, link_of(outside, name)) << name;
  }
  EXPECT_THAT(read_text("/proc/" + outside + "/uid_map"), HasSubstr("100000"));
  EXPECT_THAT(read_text("/proc/" + outside + "/status"), HasSubstr("NSpid:\t" + outside + "\t1\n"));
  EXPECT_THAT(read_text("/proc/" + outside + "/timens_offsets"), HasSubstr("100000"));
  EXPECT_THAT(read_text("/proc/" + outside + "/cgroup"), HasSubstr(id));
}

TEST_F(Namespaces, TimeOffsetsMoveTheClocksOfTheContainer) {
  add_namespace("time");
  config["linux"]["timeOffsets"] = {{"boottime", {{"secs", 5000000}}}};
  EXPECT_GT(std::stod(output_of("cut -d. -f1 /proc/uptime")), 5000000);
}

TEST_F(Namespaces, OwnersOfTheUserNamespacesFilesAreMapped) {
  // Network and IPC namespaces made before the id maps would belong to nobody.
  map_users(100000, 65536);
  EXPECT_EQ(output_of("stat -c %u /proc/sys/net/ipv4/ip_forward /dev/mqueue /sys/class/net/lo/ | "
                      "sort -u"),
            "0");
}

TEST_F(Namespaces, InitIsPidOneInItsOwnSession) {
  EXPECT_EQ(output_of("echo $$; cut -d' ' -f6 /proc/1/stat"), "1\n1");
}

TEST_F(Namespaces, AnotherContainersNetworkCanBeJoined) {
  const int first = start_background(id + "1");
  ASSERT_GT(first, 0);
  const std::string net = "/proc/" + std::to_string(first) + "/ns/net";
  join_namespace("network", net);
  EXPECT_EQ(output_of("readlink /proc/self/ns/net"), link_of(std::to_string(first), "net"));
}

TEST_F(Namespaces, EveryKindCanBeJoined) {
  const int first = start_background(id + "1");
  ASSERT_GT(first, 0);
  const std::string folder_of_first = "/proc/" + std::to_string(first) + "/ns/";
  for (const auto& [type, link] : {std::pair{"pid", "pid"},
                                   {"network", "net"},
                                   {"ipc", "ipc"},
                                   {"uts", "uts"},
                                   {"cgroup", "cgroup"}}) {
    join_namespace(type, folder_of_first + link);
  }
  config.erase("hostname");
  const std::string seen = output_of(
      "for n in pid net ipc uts cgroup; do readlink /proc/self/ns/$n; done; ps | grep -c 'sleep "
      "1000'");
  std::string wanted;
  for (const char* link : {"pid", "net", "ipc", "uts", "cgroup"}) {
    wanted += link_of(std::to_string(first), link) + "\n";
  }
  EXPECT_THAT(seen, HasSubstr(wanted));
}

TEST_F(Namespaces, AJoinedMountNamespaceBringsItsRoot) {
  write_text(rootfs("/etc/whose"), "first\n");
  const int first = start_background(id + "1");
  ASSERT_GT(first, 0);
  join_namespace("mount", "/proc/" + std::to_string(first) + "/ns/mnt");
  join_namespace("pid", "/proc/" + std::to_string(first) + "/ns/pid");  // its /proc shows no other
  config.erase("mounts");
  config["linux"].erase("maskedPaths");
  config["linux"].erase("readonlyPaths");
  EXPECT_EQ(output_of("cat /etc/whose; readlink /proc/self/ns/mnt"),
            "first\n" + link_of(std::to_string(first), "mnt"));
}

TEST_F(Namespaces, AJoinedUserNamespaceIsEnteredFirst) {
  map_users(100000, 65536);
  const int first = start_background(id + "1");
  ASSERT_GT(first, 0);
  const std::string folder_of_first = "/proc/" + std::to_string(first) + "/ns/";
  join_namespace("user", folder_of_first + "user");
  join_namespace("network", folder_of_first + "net");
  EXPECT_EQ(output_of("id -u; readlink /proc/self/ns/user; readlink /proc/self/ns/net"),
            "0\n" + link_of(std::to_string(first), "user") + "\n" +
                link_of(std::to_string(first), "net"));
}

TEST_F(Namespaces, AFileThatIsNoNamespaceOfTheKindIsRefused) {
  join_namespace("network", "/proc/self/ns/uts");
  const Ended ended = run();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("/path: /proc/self/ns/uts is no network namespace"));
}

TEST_F(Namespaces, HostnameAndDomainnameStayInside) {
  config["hostname"] = "inside";
  config["domainname"] = "example.org";
  const std::string before = read_text("/proc/sys/kernel/hostname");
  EXPECT_EQ(output_of("hostname; cat /proc/sys/kernel/domainname"), "inside\nexample.org");
  EXPECT_EQ(read_text("/proc/sys/kernel/hostname"), before);
}

TEST_F(Namespaces, SysctlsOfTheNetworkNamespaceAreSet) {
  config["linux"]["sysctl"] = {{"net.ipv4.ip_forward", "1"}, {"kernel.msgmax", "4096"}};
  const std::string before = read_text("/proc/sys/kernel/msgmax");
  EXPECT_EQ(output_of("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax"), "1\n4096");
  EXPECT_EQ(read_text("/proc/sys/kernel/msgmax"), before);
}

TEST_F(Namespaces, TheStagesAreNamed) {
  // Seen in the middle of creation, from a hook.
  write_text(folder + "/hook",
             "#!/bin/sh\npid=$(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/')\ncat "
             "/proc/$pid/comm > " +
                 folder + "/comm\n");
  std::filesystem::permissions(folder + "/hook", std::filesystem::perms{0755});
  config["hooks"] = {{"createRuntime", {{{"path", folder + "/hook"}}}}};
  EXPECT_EQ(run_script("true").status, 0);
  EXPECT_EQ(read_text(folder + "/comm"), "boxrun:[2:INIT]\n");
}

}  // namespace
}  // namespace boxrun::tests
