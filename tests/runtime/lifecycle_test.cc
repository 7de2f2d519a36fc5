// create, start, state, kill, delete, list, and what happens between them.

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AnyOf;
using ::testing::HasSubstr;

class Lifecycle : public ContainerTest {
 protected:
  json state() {
    const Ended ended = boxrun({"state", id});
    EXPECT_EQ(ended.status, 0) << ended.err;
    return json::parse(ended.out, nullptr, false);
  }
  std::string status() { return state().value("status", "none"); }
  bool await_status(const std::string& wanted) {
    for (int attempt = 0; attempt < 200; ++attempt) {
      if (status() == wanted) {
        return true;
      }
      ::usleep(10'000);
    }
    return false;
  }
  Ended create(const std::string& script = "sleep 1000") {
    config["process"]["args"] = {"sh", "-c", script};
    write_config();
    return boxrun({"create", "--pid-file", folder + "/pid", "--bundle=" + folder + "/bundle", id});
  }
};

TEST_F(Lifecycle, CreatedRunningStoppedDeleted) {
  config["annotations"] = {{"org.example.key", "value"}};
  ASSERT_EQ(create().status, 0);
  const json created = state();
  EXPECT_EQ(created["ociVersion"], config["ociVersion"]);
  EXPECT_EQ(created["id"], id);
  EXPECT_EQ(created["status"], "created");
  EXPECT_EQ(std::to_string(created["pid"].get<int>()), read_text(folder + "/pid"));
  EXPECT_EQ(created["bundle"], folder + "/bundle");
  EXPECT_EQ(created["annotations"]["org.example.key"], "value");
  EXPECT_EQ(boxrun({"start", id}).status, 0);
  EXPECT_EQ(status(), "running");
  EXPECT_EQ(boxrun({"kill", id, "KILL"}).status, 0);
  EXPECT_TRUE(await_status("stopped"));
  EXPECT_EQ(state()["pid"], 0);
  EXPECT_EQ(boxrun({"delete", id}).status, 0);
  EXPECT_THAT(boxrun({"state", id}).err, HasSubstr("container \"" + id + "\" does not exist"));
}

TEST_F(Lifecycle, TheProgramDoesNotRunBeforeStart) {
  config["root"]["readonly"] = false;
  ASSERT_EQ(create("touch /started; sleep 1000").status, 0);
  ::usleep(200'000);
  EXPECT_FALSE(fs::exists(rootfs("/started")));
  EXPECT_EQ(boxrun({"start", id}).status, 0);
  for (int attempt = 0; attempt < 100 && !fs::exists(rootfs("/started")); ++attempt) {
    ::usleep(10'000);
  }
  EXPECT_TRUE(fs::exists(rootfs("/started")));
}

// Or a signal that follows would find an init that has not yet become the program, and ignores it.
TEST_F(Lifecycle, AfterStartTheProgramRuns) {
  config["hooks"] = {{"startContainer", {{{"path", "/bin/sleep"}, {"args", {"sleep", "0.3"}}}}}};
  ASSERT_EQ(create().status, 0);
  const std::string exe = "/proc/" + read_text(folder + "/pid") + "/exe";
  EXPECT_NE(fs::read_symlink(exe).filename(), "busybox");
  ASSERT_EQ(boxrun({"start", id}).status, 0);
  EXPECT_EQ(fs::read_symlink(exe).filename(), "busybox");
}

TEST_F(Lifecycle, AMissingProgramFailsAlreadyAtCreate) {
  config["process"]["args"] = {"nosuch"};
  write_config();
  const Ended ended = boxrun({"create", "-b", folder + "/bundle", id});
  EXPECT_EQ(ended.status, 127);
  EXPECT_THAT(ended.err, HasSubstr("executable file not found in $PATH"));
  EXPECT_EQ(boxrun({"list", "-q"}).out, "");
}

// runtime-spec, runtime.md, "Start": an error "if `process` was not set"; `create` does not need
// it.
TEST_F(Lifecycle, AContainerWithoutAProcessCanBeCreatedAndNotStarted) {
  config.erase("process");
  write_config();
  const Ended created = boxrun({"create", "-b", folder + "/bundle", id});
  ASSERT_EQ(created.status, 0) << created.err;
  EXPECT_EQ(status(), "created");
  const Ended started = boxrun({"start", id});
  EXPECT_EQ(started.status, 1);
  EXPECT_THAT(started.err, HasSubstr("/process: is not set: there is no program to run"));
  EXPECT_TRUE(await_status("stopped"));
  EXPECT_EQ(boxrun({"delete", id}).status, 0);
}

TEST_F(Lifecycle, WrongTransitionsAreRefusedWithTheState) {
  ASSERT_EQ(create().status, 0);
  EXPECT_THAT(create().err, HasSubstr("container \"" + id + "\" exists already"));
  ASSERT_EQ(boxrun({"start", id}).status, 0);
  EXPECT_THAT(boxrun({"start", id}).err, HasSubstr("cannot be started: it is running"));
  EXPECT_THAT(boxrun({"delete", id}).err, HasSubstr("cannot be deleted: it is running"));
  ASSERT_EQ(boxrun({"kill", id, "9"}).status, 0);
  ASSERT_TRUE(await_status("stopped"));
  EXPECT_THAT(boxrun({"start", id}).err, HasSubstr("cannot be started: it is stopped"));
  EXPECT_THAT(boxrun({"kill", id}).err,
              HasSubstr("container not running: \"" + id + "\" is stopped"));
}

TEST_F(Lifecycle, DeleteForceKillsWhateverItFinds) {
  ASSERT_EQ(create().status, 0);
  EXPECT_EQ(boxrun({"delete", "--force", id}).status, 0);
  ASSERT_EQ(create("trap '' TERM; sleep 1000").status, 0);
  ASSERT_EQ(boxrun({"start", id}).status, 0);
  EXPECT_EQ(boxrun({"delete", "-f", id}).status, 0);
  EXPECT_EQ(boxrun({"delete", "-f", id}).status, 0) << "a second time there is nothing to do";
  EXPECT_EQ(boxrun({"delete", id}).status, 1);
}

TEST_F(Lifecycle, ACreatedContainerCanBeDeletedAndKilled) {
  ASSERT_EQ(create().status, 0);
  EXPECT_EQ(boxrun({"kill", id, "SIGKILL"}).status, 0);
  EXPECT_TRUE(await_status("stopped"));
  EXPECT_EQ(boxrun({"delete", id}).status, 0);
}

TEST_F(Lifecycle, KillTakesNamesAndNumbers) {
  config["root"]["readonly"] = false;
  const int pid = start_background(
      id,
      "trap 'echo usr1 >> /seen' USR1; trap 'echo hup >> /seen' HUP; echo up >> /seen; while "
      "true; do sleep 0.05; done");
  ASSERT_GT(pid, 0);
  const auto await_text = [this](const std::string& text) {
    for (int attempt = 0; attempt < 200; ++attempt) {
      if (read_text(rootfs("/seen")) == text) {
        return true;
      }
      ::usleep(10'000);
    }
    return false;
  };
  EXPECT_TRUE(await_text("up\n"));
  EXPECT_EQ(boxrun({"kill", id, "usr1"}).status, 0);
  EXPECT_TRUE(await_text("up\nusr1\n"));
  EXPECT_EQ(boxrun({"kill", id, "1"}).status, 0);
  EXPECT_TRUE(await_text("up\nusr1\nhup\n"));
  EXPECT_THAT(boxrun({"kill", id, "SIGNOTHING"}).err, HasSubstr("unknown signal \"SIGNOTHING\""));
}

TEST_F(Lifecycle, KillAllReachesEveryoneInASharedPidNamespace) {
  drop_namespace("pid");
  ASSERT_GT(start_background(id, "sleep 1001 & sleep 1002 & wait"), 0);
  EXPECT_EQ(boxrun({"kill", "--all", id, "KILL"}).status, 0);
  EXPECT_TRUE(await_status("stopped"));
  EXPECT_EQ(boxrun({"delete", id}).status, 0);
}

TEST_F(Lifecycle, WithoutAPidNamespaceTheEndOfInitIsTheEndOfAll) {
  drop_namespace("pid");
  EXPECT_EQ(run_script("sleep 1003 & exit 3").status, 3);
}

TEST_F(Lifecycle, RunPassesSignalsOn) {
  config["process"]["args"] = {"sh", "-c", "trap 'exit 42' TERM; while true; do sleep 0.05; done"};
  write_config();
  Ended ended;
  std::thread runner{[&] { ended = boxrun({"run", "-b", folder + "/bundle", id}); }};
  json seen = json::object();
  for (int attempt = 0; attempt < 200 && seen.value("status", "") != "running"; ++attempt) {
    ::usleep(20'000);
    seen = json::parse(boxrun({"state", id}).out, nullptr, false);
    if (!seen.is_object()) {
      seen = json::object();
    }
  }
  ::usleep(300'000);  // the shell sets its trap
  const int init = seen.value("pid", 0);
  const std::string stat = read_text("/proc/" + std::to_string(init) + "/stat");
  const int boxrun_pid = init > 0 ? std::atoi(stat.substr(stat.rfind(')') + 4).c_str()) : 0;
  if (boxrun_pid > 1) {
    EXPECT_EQ(::kill(boxrun_pid, SIGTERM), 0);
  }
  runner.join();
  ASSERT_GT(init, 0) << ended.err;
  EXPECT_EQ(ended.status, 42);
}

TEST_F(Lifecycle, ListShowsTableIdsAndJson) {
  ASSERT_EQ(create().status, 0);
  EXPECT_EQ(boxrun({"list", "-q"}).out, id + "\n");
  EXPECT_THAT(boxrun({"list"}).out, HasSubstr("created"));
  const json list = json::parse(boxrun({"list", "--format", "json"}).out);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0]["id"], id);
  EXPECT_EQ(list[0]["status"], "created");
}

TEST_F(Lifecycle, HooksRunInOrderWithTheStateOnStandardInput) {
  const std::string log = folder + "/hooks.log";
  write_text(folder + "/hook",
             "#!/bin/sh\necho \"$1 $(sed 's/.*\"status\":\"\\([a-z]*\\)\".*/"
             "\\1/')\" >> " +
                 log + "\n");
  fs::permissions(folder + "/hook", fs::perms{0755});
  const auto hook = [this](const char* kind) {
    return json::array(
        {{{"path", folder + "/hook"}, {"args", {"hook", kind}}, {"env", {"PATH=/usr/bin:/bin"}}}});
  };
  config["hooks"] = {{"prestart", hook("prestart")},
                     {"createRuntime", hook("createRuntime")},
                     {"createContainer", hook("createContainer")},
                     {"poststart", hook("poststart")},
                     {"poststop", hook("poststop")}};
  EXPECT_EQ(run_script("true").status, 0);
  EXPECT_EQ(read_text(log),
            "prestart created\ncreateRuntime creating\ncreateContainer creating\n"
            "poststart running\npoststop stopped\n");
}

TEST_F(Lifecycle, StartContainerHooksRunInside) {
  config["root"]["readonly"] = false;
  config["hooks"] = {{"startContainer",
                      {{{"path", "/bin/sh"},
                        {"args", {"sh", "-c", "cat > /state; readlink /proc/self/ns/mnt > /ns"}},
                        {"env", {"PATH=/bin"}}}}}};
  const std::string inside = output_of("readlink /proc/self/ns/mnt");
  EXPECT_EQ(read_text(rootfs("/ns")), inside + "\n");
  EXPECT_THAT(read_text(rootfs("/state")), HasSubstr("\"status\":\"created\""));
}

TEST_F(Lifecycle, AHookThatFailsOrHangsEndsTheCreation) {
  config["hooks"] = {{"createRuntime", {{{"path", "/bin/true"}}, {{"path", "/bin/false"}}}}};
  Ended ended = run();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err,
              HasSubstr("error: /hooks/createRuntime/1: hook /bin/false ended with status 1"));
  config["hooks"] = {
      {"createContainer", {{{"path", "/bin/sleep"}, {"args", {"sleep", "60"}}, {"timeout", 1}}}}};
  ended = run();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("error: /hooks/createContainer/0: run 1 createContainer hook: "
                                   "hook /bin/sleep ran longer than its timeout of 1 s"));
}

TEST_F(Lifecycle, LogsInJsonAreWhatEnginesRead) {
  config["process"]["args"] = {"nosuch"};
  write_config();
  const Ended ended = boxrun(
      {"--log", folder + "/log", "--log-format", "json", "run", "-b", folder + "/bundle", id});
  EXPECT_EQ(ended.status, 127);
  const json line = json::parse(read_text(folder + "/log"));
  EXPECT_EQ(line["level"], "error");
  EXPECT_THAT(line["msg"].get<std::string>(), HasSubstr("executable file not found in $PATH"));
  EXPECT_TRUE(line.contains("time"));
}

TEST_F(Lifecycle, DryRunPrintsThePlanAndMakesNothing) {
  write_config();
  const Ended ended = boxrun({"run", "--dry-run", "-b", folder + "/bundle", id});
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.out, HasSubstr("mount proc on /proc  [/mounts/0]"));
  EXPECT_FALSE(fs::exists(folder + "/state"));
}

TEST_F(Lifecycle, DebugNamesEachStepOfBoxrun) {
  config["process"]["args"] = {"true"};
  write_config();
  const Ended ended = boxrun({"--debug", "run", "-b", folder + "/bundle", id});
  EXPECT_THAT(ended.err, HasSubstr("debug: clone boxrun:[2:INIT] with new"));
}

TEST_F(Lifecycle, CommandsThatRaceLeaveNothing) {
  // Each round ends in one of the allowed ways, and afterwards the container can be deleted.
  for (int round = 0; round < 12; ++round) {
    ASSERT_EQ(create().status, 0);
    std::vector<Ended> ended(4);
    std::vector<std::thread> threads;
    threads.emplace_back([&] { ended[0] = boxrun({"start", id}); });
    threads.emplace_back([&] { ended[1] = boxrun({"kill", id, "KILL"}); });
    threads.emplace_back([&] { ended[2] = boxrun({"delete", "--force", id}); });
    threads.emplace_back([&] { ended[3] = boxrun({"state", id}); });
    for (std::thread& thread : threads) {
      thread.join();
    }
    EXPECT_EQ(ended[2].status, 0) << ended[2].err;
    EXPECT_EQ(boxrun({"delete", "--force", id}).status, 0);
    EXPECT_EQ(boxrun({"list", "-q"}).out, "");
  }
}

TEST_F(Lifecycle, AKilledBoxrunLeavesNothingThatForceCannotRemove) {
  config["process"]["args"] = {"sleep", "1000"};
  write_config();
  for (int delay = 0; delay < 40'000; delay += 4'000) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::execl(BOXRUN_PROGRAM, BOXRUN_PROGRAM, "--root", (folder + "/state").c_str(), "run", "-b",
              (folder + "/bundle").c_str(), id.c_str(), nullptr);
      ::_exit(127);
    }
    ::usleep(static_cast<useconds_t>(delay));
    ::kill(pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    const Ended removed = boxrun({"delete", "--force", id});
    EXPECT_EQ(removed.status, 0) << "after " << delay << " us: " << removed.err;
  }
}

}  // namespace
}  // namespace boxrun::tests
