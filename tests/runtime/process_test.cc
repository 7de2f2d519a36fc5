// What the container's program is given: identity, rights, limits, environment.

#include <gmock/gmock.h>

#include <filesystem>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Process : public ContainerTest {
 protected:
  std::string status_field(const std::string& name) {
    return output_of("sed -n 's/^" + name + ":[[:space:]]*//p' /proc/self/status");
  }
};

TEST_F(Process, CapabilitiesAreExactlyThoseOfTheConfig) {
  const json two = {"CAP_CHOWN", "CAP_KILL"};
  config["process"]["capabilities"] = {{"bounding", two},
                                       {"permitted", two},
                                       {"effective", {"CAP_KILL"}},
                                       {"inheritable", two},
                                       {"ambient", {"CAP_KILL"}}};
  config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  // execve(2) by uid 1000 keeps what is ambient: CAP_KILL, number 5.
  EXPECT_EQ(output_of("grep ^Cap /proc/self/status"),
            "CapInh:\t0000000000000021\nCapPrm:\t0000000000000020\nCapEff:\t0000000000000020\n"
            "CapBnd:\t0000000000000021\nCapAmb:\t0000000000000020");
}

TEST_F(Process, ACapabilityThatCannotBeGrantedIsAWarning) {
  const std::uint64_t bounding = std::stoull(
      read_text("/proc/self/status").substr(read_text("/proc/self/status").find("CapBnd:") + 7),
      nullptr, 16);
  if ((bounding >> 24 & 1) != 0) {
    GTEST_SKIP() << "this machine has CAP_SYS_RESOURCE";
  }
  const json one = {"CAP_SYS_RESOURCE", "CAP_KILL"};
  config["process"]["capabilities"] = {{"bounding", one}, {"permitted", one}, {"effective", one}};
  const Ended ended = run_script("grep ^CapEff /proc/self/status");
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.out, "CapEff:\t0000000000000020\n");
  EXPECT_THAT(ended.err, HasSubstr("warning: /process/capabilities/bounding: CAP_SYS_RESOURCE "
                                   "cannot be granted: boxrun does not have it"));
}

TEST_F(Process, ACapabilityThatNobodyKnowsIsAWarning) {
  config["process"]["capabilities"]["bounding"].push_back("CAP_KILLL");
  const Ended ended = run_script("true");
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.err, HasSubstr("not granted: unknown capability \"CAP_KILLL\"; did you mean "
                                   "\"CAP_KILL\"?"));
}

TEST_F(Process, NoNewPrivilegesIsSetOrNot) {
  EXPECT_EQ(status_field("NoNewPrivs"), "1");
  config["process"]["noNewPrivileges"] = false;
  EXPECT_EQ(status_field("NoNewPrivs"), "0");
}

TEST_F(Process, UserGroupsAndUmask) {
  config["process"]["user"] = {
      {"uid", 1000}, {"gid", 1001}, {"additionalGids", {5, 6}}, {"umask", 63}};
  EXPECT_EQ(output_of("id -u; id -g; sed -n 's/^Groups:[[:space:]]*//p' /proc/self/status; umask"),
            "1000\n1001\n5 6 \n0077");
}

TEST_F(Process, RlimitsAreSet) {
  config["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 100}, {"hard", 200}},
                                  {{"type", "RLIMIT_CORE"}, {"soft", 0}, {"hard", 0}}};
  EXPECT_EQ(output_of("ulimit -Sn; ulimit -Hn; ulimit -c"), "100\n200\n0");
}

TEST_F(Process, AnRlimitBeyondOurPowerNamesTheCapability) {
  const std::uint64_t huge = 1ULL << 40;
  config["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", huge}, {"hard", huge}}};
  const Ended ended = run_script("true");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("error: /process/rlimits/0: limit RLIMIT_NOFILE to"));
  EXPECT_THAT(ended.err, HasSubstr("CAP_SYS_RESOURCE"));
}

TEST_F(Process, EnvironmentIsTheConfigsWithHomeFromPasswd) {
  config["process"]["env"] = {"PATH=/bin", "A=b c"};
  EXPECT_EQ(output_of("env | sort | grep -v ^_= | grep -v -E '^(PWD|SHLVL|OLDPWD)='"),
            "A=b c\nHOME=/root\nPATH=/bin");
  config["process"]["env"] = {"PATH=/bin", "HOME=/elsewhere"};
  EXPECT_EQ(output_of("echo $HOME"), "/elsewhere");
}

TEST_F(Process, WorkingDirectoryIsMadeWhereItIsMissing) {
  config["process"]["cwd"] = "/made/up";
  EXPECT_EQ(output_of("pwd"), "/made/up");
}

TEST_F(Process, ADirectoryThatOnlyTheUserMayEnterIsEnteredAsHim) {
  std::filesystem::create_directory(rootfs("/private"));
  ASSERT_EQ(::chown(rootfs("/private").c_str(), 1000, 1000), 0);
  std::filesystem::permissions(rootfs("/private"), std::filesystem::perms{0700});
  config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  config["process"]["cwd"] = "/private";
  EXPECT_EQ(output_of("pwd"), "/private");
}

TEST_F(Process, OomScoreIsSet) {
  config["process"]["oomScoreAdj"] = 500;
  EXPECT_EQ(output_of("cat /proc/self/oom_score_adj"), "500");
}

TEST_F(Process, ExitStatusIsTheContainers) {
  EXPECT_EQ(run_script("exit 7").status, 7);
  EXPECT_EQ(run_script("true").status, 0);
  config["process"]["args"] = {"sh", "-c", "sleep 0.1; kill -9 $$; sleep 10"};
  drop_namespace("pid");  // the init of a pid namespace is immune to its own signals
  EXPECT_EQ(run().status, 128 + 9);
}

TEST_F(Process, AMissingProgramKeepsTheWordsThatEnginesLookFor) {
  config["process"]["args"] = {"nosuch"};
  Ended ended = run();
  EXPECT_EQ(ended.status, 127);
  EXPECT_THAT(ended.err, HasSubstr("exec: \"nosuch\": executable file not found in $PATH"));
  config["process"]["args"] = {"/nosuch"};
  ended = run();
  EXPECT_EQ(ended.status, 127);
  EXPECT_THAT(ended.err, HasSubstr("exec: \"/nosuch\": no such file or directory"));
  config["process"]["args"] = {"/etc/passwd"};
  ended = run();
  EXPECT_EQ(ended.status, 126);
  EXPECT_THAT(ended.err, HasSubstr("exec: \"/etc/passwd\": permission denied"));
  EXPECT_THAT(ended.err, HasSubstr("hint: it has no execute permission"));
  config["process"]["args"] = {"/bin"};
  ended = run();
  EXPECT_EQ(ended.status, 126);
  EXPECT_THAT(ended.err, HasSubstr("hint: it is a directory"));
}

TEST_F(Process, AMissingInterpreterIsTheTrueReason) {
  write_text(rootfs("/bin/script"), "#!/bin/nosuch -x\n");
  write_text(rootfs("/bin/dos"), "#!/bin/sh\r\necho\r\n");
  for (const char* name : {"/bin/script", "/bin/dos"}) {
    std::filesystem::permissions(rootfs(name), std::filesystem::perms{0755});
  }
  config["process"]["args"] = {"script"};
  Ended ended = run();
  EXPECT_EQ(ended.status, 127);
  EXPECT_THAT(ended.err, HasSubstr("hint: /bin/script exists; its interpreter /bin/nosuch does "
                                   "not"));
  config["process"]["args"] = {"dos"};
  ended = run();
  EXPECT_EQ(ended.status, 127);
  EXPECT_THAT(ended.err, HasSubstr("carriage return"));
}

TEST_F(Process, SignalsAreNeitherBlockedNorIgnored) {
  // Without a shell, which ignores SIGQUIT on its own account.
  config["process"]["args"] = {"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"};
  EXPECT_EQ(run().out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(Process, OnlyStandardDescriptorsArePassedOn) {
  write_config();
  config["process"]["args"] = {"sh", "-c", "ls /proc/self/fd"};
  write_config();
  const Ended ended = run_command(
      {{BOXRUN_PROGRAM, "--root", folder + "/state", "run", "-b", folder + "/bundle", id},
       0,
       {{5, "/"}, {9, "/etc"}}});
  EXPECT_EQ(ended.out, "0\n1\n2\n3\n");  // 3 is the directory that ls itself reads
}

TEST_F(Process, PreservedDescriptorsArePassedOn) {
  config["process"]["args"] = {"sh", "-c", "readlink /proc/self/fd/3"};
  write_config();
  const Ended ended = run_command({{BOXRUN_PROGRAM, "--root", folder + "/state", "run",
                                    "--preserve-fds", "1", "-b", folder + "/bundle", id},
                                   0,
                                   {{3, "/etc"}}});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_NE(ended.out, "");
}

/// containerd opens /dev/null for reading and makes it the output of who asks for none.
TEST_F(Process, NullAsAStandardStreamIsTheContainersOwnAndTakesOutput) {
  config["root"]["readonly"] = false;
  config["process"]["args"] = {
      "sh", "-c", "echo lost && stat -L -c %d /proc/self/fd/0 /dev/null > /seen && cat && exit 7"};
  write_config();
  const Ended ended =
      run_command({{"sh", "-c", "exec \"$@\" < /dev/null 1<&0", "sh", BOXRUN_PROGRAM, "--root",
                    folder + "/state", "run", "-b", folder + "/bundle", id}});
  EXPECT_EQ(ended.status, 7) << ended.err;
  const std::string devices = read_text(rootfs("/seen"));
  EXPECT_EQ(devices.substr(0, devices.size() / 2), devices.substr(devices.size() / 2));
}

TEST_F(Process, TheCallersKeyringIsNotShared) {
  // /proc/keys is masked; the session keyring's id shows in a serial that differs from ours.
  config["linux"].erase("maskedPaths");
  EXPECT_THAT(output_of("cat /proc/keys"), HasSubstr("_ses." + id));
}

}  // namespace
}  // namespace boxrun::tests
