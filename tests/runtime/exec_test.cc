// exec: what a program that enters a container is and is not given.

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kNotExecuted = 255;

class Exec : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    config["process"]["noNewPrivileges"] = false;
  }
  Ended exec(std::vector<std::string> options, std::vector<std::string> program) {
    std::vector<std::string> words = {"exec"};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back(id);
    words.insert(words.end(), program.begin(), program.end());
    return boxrun(words);
  }
  /// The output of a shell script, which must succeed.
  std::string output(std::vector<std::string> options, const std::string& script) {
    const Ended ended = exec(std::move(options), {"sh", "-c", script});
    EXPECT_EQ(ended.status, 0) << script << "\n" << ended.err;
    std::string text = ended.out;
    while (text.ends_with('\n')) {
      text.pop_back();
    }
    return text;
  }
  void background() { ASSERT_GT(init = start_background(id), 0); }

  int init = 0;
};

TEST_F(Exec, EntersAllNamespacesAndTheCgroup) {
  add_namespace("time");
  background();
  for (const char* kind : {"mnt", "pid", "net", "ipc", "uts", "cgroup", "time"}) {
    const std::string link = std::string{"/proc/"} + std::to_string(init) + "/ns/" + kind;
    EXPECT_EQ(output({}, std::string{"readlink /proc/self/ns/"} + kind),
              std::filesystem::read_symlink(link).string())
        << kind;
  }
  config["process"]["args"] = {"true"};
  EXPECT_EQ(output({}, "cut -d: -f3 /proc/self/cgroup | sort -u"), "/");
}

TEST_F(Exec, TakesArgumentsEnvironmentDirectoryAndStreams) {
  background();
  EXPECT_EQ(output({}, "echo \"$0 $#\""), "sh 0");
  EXPECT_EQ(exec({}, {"echo", "-n", "--", "-t"}).out, "-- -t");
  EXPECT_EQ(output({"-e", "A=x y", "--env=B=", "--cwd", "/tmp"}, "echo \"$A:$B:$PWD\""),
            "x y::/tmp");
  EXPECT_EQ(exec({}, {"sh", "-c", "echo out; echo err >&2; exit 9"}).status, 9);
  EXPECT_EQ(exec({}, {"sh", "-c", "echo err >&2"}).err, "err\n");
  EXPECT_EQ(exec({}, {"sh", "-c", "kill -9 $$"}).status, 128 + SIGKILL);
}

TEST_F(Exec, RunsAsExactlyTheUserThatIsAskedFor) {
  background();
  EXPECT_EQ(output({"-u", "1"}, "echo $(id -u) $(id -g) $(id -G)"), "1 0 0");
  EXPECT_EQ(output({"-u", "33:44", "-g", "55", "-g=66"}, "echo $(id -u) $(id -g) $(id -G)"),
            "33 44 44 55 66");
  for (const char* user : {"4294967296", "4294967295", "-1", "1:4294967296", "root", "1x"}) {
    const Ended ended = exec({"-u", user}, {"id"});
    EXPECT_EQ(ended.status, kNotExecuted) << user;
    EXPECT_EQ(ended.out, "") << user;
    EXPECT_THAT(ended.err, HasSubstr("is not an id")) << user;
  }
}

TEST_F(Exec, CapabilitiesAreTheContainersAndThoseAskedForButNeverInheritable) {
  background();
  const std::string script = "grep -E 'Cap(Inh|Eff|Bnd)' /proc/self/status | cut -f2 | xargs";
  // KILL, NET_BIND_SERVICE, AUDIT_WRITE; then NET_ADMIN too.
  EXPECT_EQ(output({}, script), "0000000000000000 0000000020000420 0000000020000420");
  EXPECT_EQ(output({"--cap", "CAP_NET_ADMIN"}, script),
            "0000000000000000 0000000020001420 0000000020001420");
  EXPECT_EQ(output({"--cap", "CAP_NET_ADMIN", "-u", "7"}, script),
            "0000000000000000 0000000000000000 0000000020001420")
      << "execve(2) as another user keeps only what is ambient";
}

TEST_F(Exec, TheFilterTheLimitsAndNoNewPrivilegesHoldForItToo) {
  config["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 77}, {"hard", 88}}};
  config["linux"]["seccomp"] = {
      {"defaultAction", "SCMP_ACT_ALLOW"},
      {"syscalls",
       {{{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 95}}}}};
  background();
  EXPECT_EQ(output({}, "echo $(ulimit -Sn) $(ulimit -Hn)"), "77 88");
  EXPECT_THAT(exec({}, {"mkdir", "/tmp/d"}).err, HasSubstr("not supported"));
  EXPECT_EQ(output({}, "grep NoNewPrivs /proc/self/status | cut -f2"), "0");
  EXPECT_EQ(output({"--no-new-privs"}, "grep NoNewPrivs /proc/self/status | cut -f2"), "1");
  EXPECT_THAT(exec({"--no-new-privs"}, {"mkdir", "/tmp/d"}).err, HasSubstr("not supported"));
}

TEST_F(Exec, GetsNoDescriptorsButThosePreserved) {
  background();
  Command command{{BOXRUN_PROGRAM, "--root", folder + "/state", "exec", id, "sh", "-c",
                   "cd /proc/self/fd; echo *"}};
  command.open_directories = {{3, "/"}, {4, "/etc"}, {9, "/"}};
  EXPECT_EQ(run_command(command).out, "0 1 2 3\n") << "3 is the shell's own, of its glob";
  command.args = {BOXRUN_PROGRAM,
                  "--root",
                  folder + "/state",
                  "exec",
                  "--preserve-fds",
                  "2",
                  id,
                  "sh",
                  "-c",
                  "cd /proc/self/fd; test -e 3 && test -e 4 && ! test -e 9 && echo two"};
  EXPECT_EQ(run_command(command).out, "two\n");
  const Ended missing = exec({"--preserve-fds", "1"}, {"true"});
  EXPECT_EQ(missing.status, kNotExecuted);
  EXPECT_THAT(missing.err, HasSubstr("--preserve-fds 1: descriptor 3 is not open"));
}

TEST_F(Exec, AProcessFileSaysEverything) {
  background();
  const json process = {{"args", {"sh", "-c", "echo $(id -u) $PWD $A $(umask)"}},
                        {"cwd", "/tmp"},
                        {"user", {{"uid", 12}, {"gid", 13}, {"umask", 63}}},
                        {"env", {"PATH=/bin", "A=b"}}};
  write_text(folder + "/process.json", process.dump());
  EXPECT_EQ(exec({"--process", folder + "/process.json"}, {}).out, "12 /tmp b 0077\n");
  EXPECT_EQ(exec({"-p=" + folder + "/process.json"}, {}).out, "12 /tmp b 0077\n");
  write_text(folder + "/process.json", R"({"args": ["id"], "cwd": "/", "user": {"uid": -1}})");
  const Ended refused = exec({"--process", folder + "/process.json"}, {});
  EXPECT_EQ(refused.status, kNotExecuted);
  EXPECT_THAT(refused.err, HasSubstr("/process/user/uid: -1 is not in the range"));
}

TEST_F(Exec, DetachedItGoesOnAloneAndItsPidIsWritten) {
  background();
  const Ended ended = exec({"-d", "--pid-file", folder + "/exec.pid"}, {"sleep", "1000"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const std::string pid = read_text(folder + "/exec.pid");
  EXPECT_EQ(read_text("/proc/" + pid + "/comm"), "sleep\n");
  EXPECT_THAT(boxrun({"ps", "-f", "json", id}).out, HasSubstr(pid));
  EXPECT_EQ(boxrun({"kill", id, "KILL"}).status, 0);
}

TEST_F(Exec, WhatCannotRunIsNamedInTheWordsThatEnginesKnow) {
  background();
  EXPECT_EQ(exec({}, {"nosuch"}).status, kNotExecuted);
  EXPECT_THAT(exec({}, {"nosuch"}).err,
              HasSubstr("exec: \"nosuch\": executable file not found in $PATH"));
  EXPECT_THAT(exec({}, {"/no/such"}).err,
              HasSubstr("exec: \"/no/such\": no such file or directory"));
  EXPECT_THAT(exec({}, {"/etc"}).err, HasSubstr("exec: \"/etc\": permission denied"));
  EXPECT_THAT(exec({}, {}).err, HasSubstr("no program to run"));
  EXPECT_THAT(exec({"--cwd", "/no/such"}, {"true"}).err, HasSubstr("chdir(\"/no/such\")"));
  EXPECT_THAT(boxrun({"exec", "nosuch", "true"}).err, HasSubstr("does not exist"));
}

TEST_F(Exec, OnlyARunningContainerTakesOne) {
  config["process"]["args"] = {"sleep", "1000"};
  write_config();
  ASSERT_EQ(boxrun({"create", "-b", folder + "/bundle", id}).status, 0);
  EXPECT_EQ(output({}, "echo in"), "in") << "a created one has its namespaces";
  ASSERT_EQ(boxrun({"pause", id}).status, 0);
  EXPECT_THAT(exec({}, {"true"}).err, HasSubstr("cannot exec in a paused container"));
  ASSERT_EQ(boxrun({"resume", id}).status, 0);
  ASSERT_EQ(boxrun({"kill", id, "KILL"}).status, 0);
  Ended ended;
  for (int attempt = 0; attempt < 100; ++attempt) {
    ended = exec({}, {"true"});
    if (ended.err.find("stopped") != std::string::npos) {
      break;
    }
    ::usleep(20'000);
  }
  EXPECT_EQ(ended.status, kNotExecuted);
  EXPECT_THAT(ended.err, HasSubstr("cannot exec in a stopped container"));
}

TEST_F(Exec, IntoAPausedContainerItWaitsUntilThatGoesOn) {
  background();
  ASSERT_EQ(boxrun({"pause", id}).status, 0);
  Ended ended;
  std::thread waiting{[&] { ended = exec({"--ignore-paused"}, {"echo", "late"}); }};
  ::usleep(300'000);
  const Ended resumed = boxrun({"resume", id});
  waiting.join();
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(ended.out, "late\n") << ended.err;
}

TEST_F(Exec, EntersAUserNamespaceAsItsRoot) {
  map_users(100000, 65536);
  ::chmod(folder.c_str(), 0755);
  background();
  EXPECT_EQ(output({}, "echo $(id -u) $(awk '{print $2}' /proc/self/uid_map)"), "0 100000");
  EXPECT_EQ(output({"-u", "5"}, "id -u"), "5");
  EXPECT_THAT(exec({"-u", "70000"}, {"id"}).err, HasSubstr("is not mapped"));
}

TEST_F(Exec, WithoutAPidOrMountNamespaceOfItsOwn) {
  drop_namespace("pid");
  background();
  EXPECT_EQ(output({}, "cat /etc/hostname"), "boxrun");
  EXPECT_EQ(output({}, "readlink /proc/self/ns/pid"),
            std::filesystem::read_symlink("/proc/self/ns/pid").string());
}

TEST_F(Exec, JoinsTheCgroupBelowTheContainersThatIsAskedFor) {
  background();
  const bool is_alone = has_cgroup2_alone();
  const std::string hierarchy = is_alone ? "/sys/fs/cgroup" : "/sys/fs/cgroup/pids";
  const std::string controller = is_alone ? "" : "pids:";
  std::string own;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{hierarchy}) {
    own = entry.path().filename() == "boxrun-" + id ? entry.path().string() : own;
  }
  ASSERT_NE(own, "");
  std::filesystem::create_directory(own + "/below");
  EXPECT_EQ(output({"--cgroup", controller + "/below"},
                   is_alone ? "cut -d: -f3 /proc/self/cgroup"
                            : "grep :pids: /proc/self/cgroup | cut -d: -f3"),
            "/below");
  EXPECT_THAT(exec({"--cgroup", controller + "../.."}, {"true"}).err, HasSubstr("leads out"));
  EXPECT_THAT(exec({"--cgroup", "nosuch:/below"}, {"true"}).err, HasSubstr("no hierarchy has"));
  EXPECT_THAT(exec({"--cgroup", controller + "/absent"}, {"true"}).err, HasSubstr("has to exist"));
}

TEST_F(Exec, NobodyInTheContainerCanLookIntoTheNewcomer) {
  // The container lists, as fast as it can, every descriptor of other processes that it may read.
  grant_all_capabilities();
  config["root"]["readonly"] = false;
  ASSERT_GT(
      start_background(id,
                       "while :; do for p in /proc/[0-9]*; do case $(cat $p/comm 2>/dev/null) "
                       "in boxrun*) readlink $p/exe $p/fd/* 2>/dev/null >> /seen;; esac; "
                       "done; done"),
      0);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(exec({}, {"true"}).status, 0);
  }
  EXPECT_EQ(read_text(rootfs("/seen")), "");
}

TEST_F(Exec, ManyAtOnce) {
  background();
  std::vector<Ended> ended(8);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < ended.size(); ++i) {
    threads.emplace_back([&, i] { ended[i] = exec({}, {"echo", std::to_string(i)}); });
  }
  for (std::size_t i = 0; i < ended.size(); ++i) {
    threads[i].join();
    EXPECT_EQ(ended[i].out, std::to_string(i) + "\n") << ended[i].err;
  }
}

TEST_F(Exec, DryRunPrintsThePlanOfJoining) {
  background();
  const Ended ended = exec({"--dry-run"}, {"true"});
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.out, HasSubstr("network /proc/" + std::to_string(init) + "/ns/net"));
  EXPECT_THAT(ended.out, HasSubstr("execve true"));
  EXPECT_EQ(ended.out.find("make cgroup"), std::string::npos);
}

}  // namespace
}  // namespace boxrun::tests
