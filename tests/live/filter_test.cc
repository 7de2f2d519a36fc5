// Launch mode with a filter of calls: what it shows is what a trace of every call shows, nothing is
// hidden by a filter of the tracee's own, and nobody who lives on suffers from ours.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <tuple>

#include "decoders/registry.h"
#include "tests/live/processes.h"
#include "tests/live/programs.h"
#include "tests/support/bundle.h"
#include "tests/support/trace_program.h"
#include "tracer/base/procfs_text.h"
#include "tracer/os/argv.h"
#include "tracer/os/file.h"
#include "tracer/ptrace/call_filter.h"
#include "tracer/ptrace/launch.h"
#include "tracer/timeline/analysis.h"
#include "tracer/timeline/story_calls.h"

namespace boxtrace::test {
namespace {

using testing::Contains;
using testing::HasSubstr;

Trace trace_story(std::vector<std::string> command) {
  ptrace::LaunchOptions options;
  options.command = std::move(command);
  options.calls = timeline::story_calls();
  return trace_program(options);
}

class FilterMode : public testing::Test {
 protected:
  void SetUp() override {
    if (!ptrace::can_filter_calls()) {
      GTEST_SKIP() << "no filter can be installed here without no_new_privs";
    }
  }
};

/// `mkdir errno 18`, for each call after the task's own filter is there: by installation or by
/// birth.
std::map<base::TaskId, std::vector<std::string>> calls_after_install(const Trace& trace) {
  std::map<base::TaskId, std::vector<std::string>> calls;
  std::set<base::TaskId> filtered;
  std::map<base::TaskId, base::TaskId> leaders;
  for (const raw::Event& event : trace.events) {
    if (const auto* started = std::get_if<raw::TaskStarted>(&event.body)) {
      leaders[event.task] = started->leader;
      if (started->creator && filtered.count(*started->creator) != 0) {
        filtered.insert(event.task);
      }
    }
    const auto* call = std::get_if<raw::Syscall>(&event.body);
    if (call == nullptr) {
      continue;
    }
    if (filtered.count(event.task) != 0) {
      const bool failed = call->outcome.kind == raw::Outcome::Kind::Failed;
      calls[event.task].push_back(fmt::format(
          "{} {}", name_of(*call), failed ? fmt::format("errno {}", call->outcome.value) : "ok"));
    }
    if (name_of(*call) == "seccomp" && call->call.args[0] == 1 && call->call.args[2] != 0 &&
        call->outcome.kind == raw::Outcome::Kind::Returned) {
      const bool all = (call->call.args[1] & 1) != 0;  // SECCOMP_FILTER_FLAG_TSYNC
      for (const auto& [task, leader] : leaders) {
        if (task == event.task || (all && leader == leaders[event.task])) {
          filtered.insert(task);
        }
      }
    }
  }
  return calls;
}

TEST_F(FilterMode, RecordsFewerCallsAndSaysSo) {
  const Trace story = trace_story({"/bin/true"});
  const Trace every = trace_program({"/bin/true"});
  EXPECT_EQ(broken_rule(story), "");
  EXPECT_FALSE(std::get<raw::Header>(story.events.front().body).every_call);
  EXPECT_TRUE(std::get<raw::Header>(every.events.front().body).every_call);
  EXPECT_LT(2 * all_of<raw::Syscall>(story).size(), all_of<raw::Syscall>(every).size());
  EXPECT_FALSE(calls_of(story, "execve").empty());
  EXPECT_TRUE(calls_of(story, "mmap").empty());
}

TEST_F(FilterMode, CallsThatAFilterDeniesAreSeen) {
  const Trace story = trace_story({program("deny_calls")});
  ASSERT_EQ(story.end.value().shell_status(), 0);
  EXPECT_EQ(broken_rule(story), "");
  const auto calls = calls_after_install(story);
  ASSERT_EQ(calls.size(), 2U) << render_events(story);
  for (const auto& [task, of_task] : calls) {
    for (const char* name : {"mkdir", "chmod", "unshare", "mount"}) {
      EXPECT_THAT(of_task, Contains(fmt::format("{} errno 18", name))) << "task " << task.value;
    }
  }
  EXPECT_EQ(calls, calls_after_install(trace_program({program("deny_calls")})));
}

TEST_F(FilterMode, CallsOfOtherThreadsAreSeenOnceTheirFilterIsThere) {
  for (int round = 0; round < 10; ++round) {
    const Trace story = trace_story({program("deny_calls"), "tsync"});
    ASSERT_EQ(story.end.value().shell_status(), 0);
    const auto mkdirs = calls_of(story, "mkdir");
    ASSERT_EQ(mkdirs.size(), 1U) << render_events(story);
    EXPECT_EQ(mkdirs.front().body->outcome.value, 18);
    EXPECT_EQ(calls_of(story, "chmod").size(), 1U);
  }
}

TEST_F(FilterMode, OwnFilterThatAsksForATracerFailsAsWithoutOne) {
  EXPECT_EQ(trace_program({program("deny_calls"), "trace"}).end.value().shell_status(), 0);
  const Trace story = trace_story({program("deny_calls"), "trace"});
  EXPECT_EQ(story.end.value().shell_status(), 0);
  ASSERT_EQ(calls_of(story, "mkdir").size(), 2U);
  EXPECT_EQ(calls_of(story, "mkdir").front().body->outcome.value, ENOSYS);
}

TEST_F(FilterMode, CallsThatAnotherProcessAnswersAreNotDisturbed) {
  const Trace story = trace_story({program("notify_calls")});
  EXPECT_EQ(story.end.value().shell_status(), 7);
  ASSERT_EQ(calls_of(story, "mkdir").size(), 1U) << render_events(story);
  EXPECT_EQ(calls_of(story, "mkdir").front().body->outcome.value, 18);
}

/// What a story is made of, without what differs from run to run.
std::vector<std::string> milestones(const Trace& trace) {
  timeline::Analysis analysis;
  for (const raw::Event& event : trace.events) {
    analysis.on_event(event);
  }
  std::vector<std::string> list;
  for (const timeline::Milestone& milestone : analysis.milestones()) {
    if (milestone.id == "cgroup.join") {
      continue;  // one line or two, as the processes of a runtime happen to take turns
    }
    std::string line = milestone.id;
    for (const auto& [name, value] : milestone.facts) {
      line += fmt::format(" {}={}", name, value);
    }
    list.push_back(std::move(line));
  }
  std::sort(list.begin(), list.end());  // two processes of a runtime work at the same time
  return list;
}

void expect_same_story(const std::vector<std::string>& command) {
  const Trace story = trace_story(command);
  const Trace every = trace_program(command);
  ASSERT_TRUE(story.end.ok() && every.end.ok());
  EXPECT_EQ(story.end.value().shell_status(), 0);
  EXPECT_EQ(broken_rule(story), "");
  EXPECT_GT(milestones(every).size(), 5U);
  EXPECT_EQ(milestones(story), milestones(every));
}

bool is_installed(const std::string& name) {
  return ptrace::find_program(name, {fmt::format("PATH={}", std::getenv("PATH"))}).ok();
}

TEST_F(FilterMode, TellsTheSameStoryOfUnshare) {
  expect_same_story({"unshare", "-Urpf", "--mount-proc", "true"});
}

TEST_F(FilterMode, TellsTheSameStoryOfBubblewrap) {
  if (!is_installed("bwrap")) {
    GTEST_SKIP() << "bwrap is not installed";
  }
  expect_same_story({"bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"});
}

class FilterModeContainer : public FilterMode {
 protected:
  void SetUp() override {
    FilterMode::SetUp();
    auto made = Bundle::make({"/bin/busybox", "sh", "-c",
                              "mkdir /tmp/a; chmod 700 /bin; unshare -u true; "
                              "mount -t tmpfs none /tmp; exit 0"});
    if (!made.ok()) {
      GTEST_SKIP() << "no bundle: " << made.error().what;
    }
    bundle_ = std::move(made).value();
  }
  std::vector<std::string> run_command(const std::string& runtime, const std::string& id) {
    return {runtime, "--root", bundle_->state(), "run", "--bundle", bundle_->path(), id};
  }
  /// Adds a profile that denies four calls to config.json.
  void deny_calls() {
    const std::string file = bundle_->path() + "/config.json";
    auto text = os::read_file(file);
    ASSERT_TRUE(text.ok());
    std::string config = std::move(text).value();
    const std::size_t linux_part = config.find("\"linux\": {");
    ASSERT_NE(linux_part, std::string::npos);
    config.insert(linux_part + 10,
                  R"("seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir",)"
                  R"("mkdirat","chmod","fchmodat","unshare","mount"],)"
                  R"("action":"SCMP_ACT_ERRNO","errnoRet":18}]},)");
    std::ofstream(file, std::ios::trunc) << config;
  }
  std::unique_ptr<Bundle> bundle_;
};

TEST_F(FilterModeContainer, TellsTheSameStoryOfRunc) {
  expect_same_story(run_command("runc", "filter-1"));
}

TEST_F(FilterModeContainer, TellsTheSameStoryOfBoxrun) {
  expect_same_story(run_command(BOXTRACE_BINARY_DIR "/runtime/boxrun", "filter-2"));
}

TEST_F(FilterModeContainer, CallsDeniedByTheProfileOfAContainerAreSeen) {
  deny_calls();
  const Trace story = trace_story(run_command("runc", "filter-3"));
  const Trace every = trace_program(run_command("runc", "filter-4"));
  ASSERT_EQ(story.end.value().shell_status(), 0);
  const auto denied = [](const Trace& trace) {
    std::vector<std::string> names;
    for (const auto& call : all_of<raw::Syscall>(trace)) {
      if (call.body->outcome.kind == raw::Outcome::Kind::Failed && call.body->outcome.value == 18) {
        names.emplace_back(name_of(*call.body));
      }
    }
    return names;
  };
  EXPECT_THAT(denied(story), Contains("mkdir"));
  EXPECT_THAT(denied(story), Contains("chmod"));
  EXPECT_THAT(denied(story), Contains("unshare"));
  EXPECT_THAT(denied(story), Contains("mount"));
  EXPECT_EQ(denied(story), denied(every));

  // The container's program and all that it starts, call by call.
  const auto of_container = [](const Trace& trace) {
    std::set<base::TaskId> inside;
    std::map<base::TaskId, std::string> calls;  // one a line
    for (const raw::Event& event : trace.events) {
      if (const auto* execed = std::get_if<raw::TaskExeced>(&event.body);
          execed != nullptr && execed->exe.ends_with("/busybox")) {
        inside.insert(event.task);
      }
      const auto* started = std::get_if<raw::TaskStarted>(&event.body);
      if (started != nullptr && started->creator && inside.count(*started->creator) != 0) {
        inside.insert(event.task);
      }
      const auto* call = std::get_if<raw::Syscall>(&event.body);
      // A shell waits once or twice, as SIGCHLD comes before or during its wait.
      const std::string_view name = call != nullptr ? name_of(*call) : "";
      if (call != nullptr && inside.count(event.task) != 0 && name != "wait4" &&
          name != "rt_sigreturn") {
        calls[event.task].append(name) += '\n';
      }
    }
    std::string lists;
    for (const auto& [task, list] : calls) {
      lists += "---\n" + list;
    }
    return lists;
  };
  EXPECT_EQ(of_container(story), of_container(every));
}

// ----- what becomes of tasks that outlive the trace -----

class Released : public FilterMode {
 protected:
  void SetUp() override {
    FilterMode::SetUp();
    report_ = fmt::format("{}/boxtrace-released-{}", testing::TempDir(), getpid());
    std::filesystem::remove(report_);
  }
  void TearDown() override { std::filesystem::remove(report_); }

  /// boxtrace in a process of its own, telling a story.
  pid_t start(const std::vector<std::string>& command) {
    std::vector<std::string> words{BOXTRACE_BINARY_DIR "/tracer/cli/boxtrace", "--story",
                                   "/dev/null"};
    words.insert(words.end(), command.begin(), command.end());
    const std::vector<char*> argv = os::make_argv(words);
    pid_t pid = -1;
    posix_spawn(&pid, argv.front(), nullptr, nullptr, argv.data(), environ);
    return pid;
  }
  static int wait_for(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
  [[nodiscard]] std::string text() const {
    const auto text = os::read_file(report_);
    return text.ok() ? text.value() : "";
  }
  [[nodiscard]] std::string report() const {
    std::ignore = becomes_true([this] { return !text().empty(); });
    return text();
  }
  /// The daemon is at work, and its parent has ended.
  void be_in_the_middle() const {
    ASSERT_TRUE(becomes_true([this] { return std::filesystem::exists(report_); }));
    std::this_thread::sleep_for(std::chrono::milliseconds{300});
  }
  std::string report_;
};

constexpr const char* kNothingMissing = "rounds 200 missing 0 no_new_privs 0\n";

TEST_F(Released, DaemonWorksOnWhenBoxtraceIsTold) {
  const pid_t boxtrace = start({program("detached_calls"), report_});
  be_in_the_middle();
  kill(boxtrace, SIGTERM);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(wait_for(boxtrace), 4);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{1} * slowness());
  EXPECT_EQ(report(), kNothingMissing);
}

TEST_F(Released, EverythingWorksOnWhenBoxtraceIsKilled) {
  const pid_t boxtrace = start(
      {"sh", "-c", fmt::format("{} {}; sleep 1; exit 0", program("detached_calls"), report_)});
  be_in_the_middle();
  kill(boxtrace, SIGKILL);
  EXPECT_EQ(wait_for(boxtrace), 1000 + SIGKILL);
  EXPECT_EQ(report(), kNothingMissing);
}

TEST_F(Released, NothingIsLeftBrokenWhenTheTracerItselfIsKilled) {
  const pid_t boxtrace = start({program("detached_calls"), report_});
  be_in_the_middle();
  const auto children = os::read_file(fmt::format("/proc/{}/task/{}/children", boxtrace, boxtrace));
  ASSERT_TRUE(children.ok());
  kill(std::stoi(children.value()), SIGKILL);
  EXPECT_EQ(wait_for(boxtrace), 125);
  std::this_thread::sleep_for(std::chrono::milliseconds{2500});
  EXPECT_EQ(text(), "") << "a task lives that has our filter";
}

TEST_F(Released, NoNewPrivsIsNotForcedOnTheCommand) {
  const pid_t boxtrace = start({program("detached_calls"), report_});
  wait_for(boxtrace);  // which follows the daemon to its end
  EXPECT_EQ(text(), kNothingMissing);
}

}  // namespace
}  // namespace boxtrace::test
