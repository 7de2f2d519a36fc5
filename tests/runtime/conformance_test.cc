// Settings of the specification that the other files of this folder do not look at, each seen from
// inside the container or through the kernel's own account of it. Written from runtime-spec 1.2.

#include <gmock/gmock.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <thread>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Conformance : public ContainerTest {};

// ---- process ----

TEST_F(Conformance, TheSchedulerIsSet) {
  // Field 19 is nice, 41 the policy: 3 is SCHED_BATCH.
  config["process"]["scheduler"] = {{"policy", "SCHED_BATCH"}, {"nice", 5}};
  EXPECT_EQ(output_of("awk '{print $19, $41}' /proc/self/stat"), "5 3");
  config["process"]["scheduler"] = {{"policy", "SCHED_IDLE"}};
  EXPECT_EQ(output_of("awk '{print $41}' /proc/self/stat"), "5");
}

TEST_F(Conformance, ARealTimeSchedulerThatTheKernelRefusesIsExplained) {
  config["process"]["scheduler"] = {{"policy", "SCHED_FIFO"}, {"priority", 10}};
  const Ended ended = run_script("awk '{print $40, $41}' /proc/self/stat");
  if (ended.status == 0) {
    EXPECT_EQ(ended.out, "10 1\n");
  } else {
    EXPECT_THAT(ended.err, HasSubstr("/process/scheduler: schedule init by SCHED_FIFO"));
    EXPECT_THAT(ended.err, HasSubstr("hint: real time"));
  }
}

TEST_F(Conformance, TheIoPriorityIsSet) {
  config["process"]["ioPriority"] = {{"class", "IOPRIO_CLASS_BE"}, {"priority", 6}};
  EXPECT_EQ(output_of("ionice -p $$"), "best-effort: prio 6");
  config["process"]["ioPriority"] = {{"class", "IOPRIO_CLASS_IDLE"}};
  EXPECT_THAT(output_of("ionice -p $$"), HasSubstr("idle"));
}

TEST_F(Conformance, ThePersonalityChangesTheNameOfTheMachine) {
  config["linux"]["personality"] = {{"domain", "LINUX32"}};
  EXPECT_EQ(output_of("cat /proc/self/personality"), "00000008");
  config["linux"]["personality"] = {{"domain", "LINUX"}};
  EXPECT_EQ(output_of("cat /proc/self/personality"), "00000000");
}

TEST_F(Conformance, TheMemoryPolicyIsSet) {
  config["linux"]["memoryPolicy"] = {{"mode", "MPOL_BIND"}, {"nodes", "0"}};
  const Ended ended = run_script("head -1 /proc/self/numa_maps");
  if (ended.err.find("without NUMA") != std::string::npos) {
    GTEST_SKIP() << ended.err;
  }
  EXPECT_THAT(ended.out, HasSubstr(" bind:0 ")) << ended.err;
}

TEST_F(Conformance, LabelsWithoutTheirSecurityModuleAreLeftOutWithAWarning) {
  if (fs::exists("/sys/module/apparmor/parameters/enabled") ||
      fs::exists("/sys/fs/selinux/enforce")) {
    GTEST_SKIP() << "a security module is on";
  }
  config["process"]["apparmorProfile"] = "some-profile";
  config["process"]["selinuxLabel"] = "a:b:c:d";
  config["linux"]["mountLabel"] = "a:b:c:d";
  const Ended ended = run_script("echo runs");
  EXPECT_EQ(ended.out, "runs\n");
  EXPECT_THAT(ended.err, HasSubstr("/process/apparmorProfile: not applied"));
  EXPECT_THAT(ended.err, HasSubstr("/process/selinuxLabel: not applied"));
  EXPECT_THAT(ended.err, HasSubstr("/linux/mountLabel: not applied"));
}

TEST_F(Conformance, WithoutASectionThereAreNoCapabilities) {
  config["process"].erase("capabilities");
  EXPECT_EQ(output_of("sed -n 's/^Cap\\(Prm\\|Bnd\\):\t//p' /proc/self/status"),
            "0000000000000000\n0000000000000000");
}

// ---- seccomp ----

json allow_only(const std::vector<std::string>& names) {
  return {{"defaultAction", "SCMP_ACT_ERRNO"},
          {"syscalls", {{{"names", names}, {"action", "SCMP_ACT_ALLOW"}}}}};
}

TEST_F(Conformance, AFilterNeedsToAllowNextToNothingOfBoxrunsOwn) {
  // What a static program that says nothing takes, and the two calls that come after the filter.
  config["linux"]["seccomp"] =
      allow_only({"capset",          "execve", "exit",      "exit_group", "brk",
                  "arch_prctl",      "mmap",   "mprotect",  "prctl",      "set_tid_address",
                  "set_robust_list", "rseq",   "prlimit64", "readlink",   "readlinkat",
                  "getrandom",       "uname",  "getuid",    "newfstatat", "fstat"});
  for (const bool no_new_privileges : {false, true}) {
    for (const unsigned uid : {0U, 1000U}) {
      config["process"]["noNewPrivileges"] = no_new_privileges;
      config["process"]["user"] = {{"uid", uid}, {"gid", uid}};
      config["process"]["args"] = {"/bin/true"};
      const Ended ended = run();
      EXPECT_EQ(ended.status, 0) << no_new_privileges << " " << uid << ": " << ended.err;
    }
  }
}

TEST_F(Conformance, TheCapabilityThatLoadsTheFilterIsGoneAfterIt) {
  config["linux"]["seccomp"] = {
      {"defaultAction", "SCMP_ACT_ALLOW"},
      {"syscalls", {{{"names", {"acct"}}, {"action", "SCMP_ACT_ERRNO"}}}}};
  config["process"]["noNewPrivileges"] = false;
  config["process"]["capabilities"] = {{"bounding", {"CAP_KILL"}},
                                       {"effective", {"CAP_KILL"}},
                                       {"permitted", {"CAP_KILL"}},
                                       {"inheritable", {"CAP_KILL"}},
                                       {"ambient", {"CAP_KILL"}}};
  for (const unsigned uid : {0U, 1000U}) {
    config["process"]["user"] = {{"uid", uid}, {"gid", uid}};
    EXPECT_EQ(output_of("grep -E '^(Cap|Seccomp:)' /proc/self/status | cut -f2 | tr '\\n' ' '"),
              "0000000000000020 0000000000000020 0000000000000020 0000000000000020 "
              "0000000000000020 2 ");
  }
}

TEST_F(Conformance, AKeptFilterIsBelievedOnlyWhenItIsTheRuntimesOwnAndTheSame) {
  const auto deny = [this](const char* name) {
    config["linux"]["seccomp"] = {
        {"defaultAction", "SCMP_ACT_ALLOW"},
        {"syscalls", {{{"names", {name}}, {"action", "SCMP_ACT_ERRNO"}}}}};
  };
  const std::string script =
      "mkdir /dev/shm/x 2>/dev/null && echo made; ln -s x /dev/shm/y 2>/dev/null && echo linked; "
      "true";
  deny("symlink");
  EXPECT_EQ(output_of(script), "made");
  const fs::path cache = folder + "/state/@seccomp";
  ASSERT_EQ(std::distance(fs::directory_iterator{cache}, {}), 1);
  const fs::path other = fs::directory_iterator { cache } -> path();
  const std::string allows_mkdir = read_text(other);
  deny("mkdir");
  EXPECT_EQ(output_of(script), "linked");
  EXPECT_EQ(output_of(script), "linked") << "from the cache";
  for (const auto& entry : fs::directory_iterator{cache}) {
    if (entry.path() != other) {
      // Another filter under this name, garbage, and a file that anyone could have written.
      const std::string own = read_text(entry.path());
      for (const std::string& text : {allows_mkdir, std::string{"garbage"}, std::string{}}) {
        write_text(entry.path(), text);
        EXPECT_EQ(output_of(script), "linked");
        EXPECT_EQ(read_text(entry.path()), own) << "compiled anew and kept";
      }
      std::string forged = own;
      forged.back() = static_cast<char>(forged.back() ^ 1);
      write_text(entry.path(), forged);
      fs::permissions(entry.path(), fs::perms::others_write, fs::perm_options::add);
      EXPECT_EQ(output_of(script), "linked");
    }
  }
}

/// Answers the first notification of a container with `-EXDEV`; returns the state it was sent.
std::string answer_one(int server) {
  const int connection = ::accept4(server, nullptr, nullptr, SOCK_CLOEXEC);
  std::array<char, 8192> text{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec bytes{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  const cmsghdr* rights = CMSG_FIRSTHDR(&message);
  if (got <= 0 || rights == nullptr) {
    return "no descriptor";
  }
  int listener = -1;
  std::memcpy(&listener, CMSG_DATA(rights), sizeof listener);
  pollfd wait{listener, POLLIN, 0};
  seccomp_notif question{};
  if (::poll(&wait, 1, 20'000) == 1 &&
      ::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) == 0) {
    seccomp_notif_resp response{};
    response.id = question.id;
    response.error = -EXDEV;
    ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
  }
  ::close(listener);
  ::close(connection);
  return {text.data(), static_cast<std::size_t>(got)};
}

TEST_F(Conformance, AListenerAnswersForTheKernel) {
  const std::string path = folder + "/listener";
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(server, 4), 0);
  config["root"]["readonly"] = false;
  config["annotations"] = {{"org.example", "x"}};
  config["linux"]["seccomp"] = {
      {"defaultAction", "SCMP_ACT_ALLOW"},
      {"listenerPath", path},
      {"listenerMetadata", "opaque \"text\""},
      {"flags", {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"}},
      {"syscalls", {{{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_NOTIFY"}}}}};
  // Nobody listens to hooks.
  config["hooks"] = {
      {"startContainer",
       {{{"path", "/bin/sh"}, {"args", {"sh", "-c", "! mkdir /tmp/x 2> /tmp/of-hook"}}}}}};
  for (const bool no_new_privileges : {true, false}) {
    config["process"]["noNewPrivileges"] = no_new_privileges;
    std::string state;
    std::thread listener{[&state, server] { state = answer_one(server); }};
    const Ended ended = run_script("mkdir /tmp/x; cat /proc/self/status | grep ^Threads");
    listener.join();
    EXPECT_THAT(ended.err, HasSubstr("Invalid cross-device link")) << ended.err;
    EXPECT_EQ(ended.out, "Threads:\t1\n");
    EXPECT_THAT(read_text(rootfs("/tmp/of-hook")), HasSubstr("Function not implemented"));
    const json document = json::parse(state, nullptr, false);
    ASSERT_TRUE(document.is_object()) << state;
    EXPECT_EQ(document["fds"], json({"seccompFd"}));
    EXPECT_EQ(document["metadata"], "opaque \"text\"");
    EXPECT_EQ(document["state"]["id"], id);
    EXPECT_EQ(document["state"]["status"], "creating");
    EXPECT_EQ(document["state"]["annotations"]["org.example"], "x");
    EXPECT_GT(document["pid"], 1);
    EXPECT_EQ(document["pid"], document["state"]["pid"]);
  }
  ::close(server);
  const Ended ended = run_script("true");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("/linux/seccomp/listenerPath: connect("));
  EXPECT_THAT(ended.err, HasSubstr("hint: nobody listens on this socket"));
}

// ---- cgroups ----

/// boxrun where /sys/fs/cgroup is cgroup v2 alone.
class VersionTwo : public ContainerTest {
 protected:
  Ended run_in_version2(const std::string& script) {
    config["process"]["args"] = {"sh", "-c", script};
    write_config();
    return run_command(
        {{"unshare", "-m", "--propagation", "private", "sh", "-c",
          "test -e /sys/fs/cgroup/cgroup.procs || mount -t cgroup2 cgroup2 /sys/fs/cgroup && "
          "exec \"$@\"",
          "sh", BOXRUN_PROGRAM, "--root", folder + "/state", "run", "-b", folder + "/bundle", id}});
  }
};

TEST_F(VersionTwo, DeviceRulesAreAProgram) {
  config["root"]["readonly"] = false;
  grant_all_capabilities();
  json& rules = config["linux"]["resources"]["devices"];
  rules = {{{"allow", false}, {"access", "rwm"}},
           {{"allow", true}, {"type", "c"}, {"major", 10}, {"minor", 229}, {"access", "rwm"}},
           {{"allow", false}, {"type", "c"}, {"major", 10}, {"minor", 229}, {"access", "w"}},
           {{"allow", true}, {"type", "b"}, {"major", 7}, {"access", "r"}}};
  // Whether there is such a device does not matter: a refusal of the program is EPERM.
  const Ended ended = run_in_version2(
      "try() { eval \"exec 3$1 /$2\" 2>&1 | grep -q 'not permitted' && echo \"$2 $1 refused\"; }; "
      "mknod /fuse c 10 229; mknod /kvm c 10 232; mknod /loop b 7 77; mknod /null c 1 3; "
      "for n in fuse kvm loop null; do try '<' $n; try '>' $n; try '<>' $n; done; "
      "head -c 2 /dev/zero | wc -c");
  // Making nodes is always allowed, and the default devices are.
  EXPECT_EQ(ended.out,
            "fuse > refused\nfuse <> refused\nkvm < refused\nkvm > refused\nkvm <> refused\n"
            "loop > refused\nloop <> refused\n2\n")
      << ended.err;
}

TEST_F(VersionTwo, WithoutRulesEveryDeviceIsAllowed) {
  config["root"]["readonly"] = false;
  grant_all_capabilities();
  config["linux"].erase("resources");
  const Ended ended = run_in_version2(
      "mknod /node c 10 229; (exec 3</node) 2>&1 | grep -q 'not permitted' || echo allowed");
  EXPECT_EQ(ended.out, "allowed\n") << ended.err;
}

TEST_F(Conformance, ALimitWithoutItsControllerIsRefusedByName) {
  if (read_text("/proc/self/cgroup").find("net_cls") != std::string::npos) {
    GTEST_SKIP() << "net_cls is here";
  }
  config["linux"]["resources"]["network"] = {{"classID", 1048577}};
  const Ended ended = run_script("true");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("/linux/resources/network/classID: no cgroup hierarchy here has "
                                   "the net_cls controller"));
}

// ---- namespaces and mounts ----

TEST_F(Conformance, WithoutAMountNamespaceNothingIsMounted) {
  drop_namespace("mount");
  config["linux"].erase("maskedPaths");
  config["linux"].erase("readonlyPaths");
  const std::string before = read_text("/proc/self/mountinfo");
  const Ended ended = run_script("ls /; echo in $PWD");
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("in /"));
  EXPECT_THAT(ended.out, Not(HasSubstr("boot")));
  EXPECT_THAT(ended.err, HasSubstr("/mounts: not applied: without a new mount namespace"));
  EXPECT_EQ(read_text("/proc/self/mountinfo"), before);
}

TEST_F(Conformance, TheStateIsDeletedOnlyWhenStopped) {
  config["process"]["args"] = {"sleep", "1000"};
  write_config();
  ASSERT_EQ(boxrun({"create", "-b", folder + "/bundle", id}).status, 0);
  const Ended refused = boxrun({"delete", id});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("cannot be deleted: it is created"));
  EXPECT_EQ(boxrun({"state", id}).status, 0);
  EXPECT_EQ(boxrun({"delete", "--force", id}).status, 0);
}

}  // namespace
}  // namespace boxrun::tests
