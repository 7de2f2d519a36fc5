// Processes that were there before the tracer, and live on after it.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "decoders/decode.h"
#include "tests/live/processes.h"
#include "tests/live/programs.h"
#include "tracer/base/error_text.h"
#include "tracer/os/tracefs.h"
#include "tracer/ptrace/return_stops.h"
#include "tracer/timeline/story_calls.h"

namespace boxtrace::test {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::UnorderedElementsAre;
using Light = ptrace::Following::Light;

ptrace::LaunchOptions attach_to(pid_t pid, milliseconds limit, Light light = Light::Never) {
  ptrace::LaunchOptions options;
  options.following.attach = {base::HostPid{pid}};
  options.following.time_limit = limit * slowness();
  options.following.light = light;
  return options;
}

/// What is wrong with a process that nobody traces any more: a thread that is still traced, or
/// stopped.
std::string leftovers(pid_t pid) {
  const std::string threads = std::to_string(pid) + "/task/";
  const auto names = os::list_directory("/proc/" + threads);
  for (const std::string& name : names.ok() ? names.value() : std::vector<std::string>{}) {
    const std::string state = status_of(threads + name, "State").value_or("S");
    if (status_of(threads + name, "TracerPid").value_or("0") != "0" || state.front() == 't' ||
        state.front() == 'T') {
      return name + ": " + state;
    }
  }
  return names.ok() ? "" : "the process is gone";
}

/// A program of ours that runs beside the test, and is killed at the end of it at the latest.
class Companion {
 public:
  explicit Companion(std::vector<std::string> words) : pid_(start_program(std::move(words))) {}
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;
  Companion(Companion&&) = delete;
  Companion& operator=(Companion&&) = delete;
  ~Companion() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  int end(int signal) {
    if (signal != 0) {
      ::kill(pid_, signal);
    }
    return exit_status_of(std::exchange(pid_, -1));
  }

 private:
  pid_t pid_;
};

void wait_for_threads(pid_t pid, std::size_t count) {
  ASSERT_TRUE(becomes_true([&] {
    const auto threads = os::list_directory("/proc/" + std::to_string(pid) + "/task");
    return threads.ok() && threads.value().size() >= count;
  }));
}

TEST(Attach, AllThreadsAreTakenWithTheirStateAndTheirCalls) {
  Companion load{{program("steady_load")}};
  wait_for_threads(load.pid(), 9);
  const Trace trace = trace_program(attach_to(load.pid(), milliseconds{300}));
  ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  EXPECT_TRUE(trace.end.value().let_go);
  EXPECT_FALSE(trace.end.value().seen);

  std::set<base::TaskId> attached;
  for (const auto& started : all_of<raw::TaskStarted>(trace)) {
    if (started.body->cause == raw::TaskStarted::Cause::Attached) {
      attached.insert(started.event->task);
      EXPECT_EQ(started.body->pid.value, load.pid());
      EXPECT_FALSE(started.body->creator.has_value());
    }
    EXPECT_NE(started.body->cause, raw::TaskStarted::Cause::Found) << render_events(trace);
  }
  EXPECT_GE(attached.size(), 9U);
  for (const base::TaskId task : attached) {
    const auto seen = all_of<raw::Observation>(trace, task);
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.front().body->at, raw::Observation::At::Start);
    EXPECT_TRUE(seen.front().body->ns.has_value());
    EXPECT_TRUE(seen.front().body->status.has_value());
  }
  const auto leader = all_of<raw::Observation>(trace, *attached.begin());
  EXPECT_EQ(leader.front().body->exe, program("steady_load"));
  EXPECT_EQ(leader.front().body->argv, std::vector<std::string>{program("steady_load")});
  EXPECT_TRUE(leader.front().body->fds.has_value());

  // Each worker's work is seen, and so are the children that are born meanwhile.
  for (const char* const name : {"read", "write", "wait4", "clock_nanosleep", "tgkill", "execve"}) {
    EXPECT_FALSE(calls_of(trace, name).empty()) << name;
  }
  EXPECT_EQ(leftovers(load.pid()), "");
  EXPECT_EQ(load.end(SIGTERM), 0);
}

TEST(Attach, FiftyTimesInARowLosesNothing) {
  for (const Light light : {Light::Never, Light::Always}) {
    Companion load{{program("steady_load")}};
    wait_for_threads(load.pid(), 9);
    for (int i = 0; i < 50; ++i) {
      const Trace trace = trace_program(attach_to(load.pid(), milliseconds{i % 3 * 10}, light));
      ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
      ASSERT_EQ(broken_rule(trace), "") << render_events(trace);
      ASSERT_EQ(leftovers(load.pid()), "");
    }
    EXPECT_EQ(load.end(SIGTERM), 0) << "light: " << (light == Light::Always);
  }
}

TEST(Attach, LightlyWakesNoSleeper) {
  Companion load{{program("steady_load"), "epoll"}};
  wait_for_threads(load.pid(), 10);
  for (int i = 0; i < 20; ++i) {
    const Trace trace = trace_program(attach_to(load.pid(), milliseconds{20}, Light::Always));
    ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
  }
  EXPECT_EQ(load.end(SIGTERM), 0) << "99: epoll_wait was interrupted";
}

TEST(Attach, LightlyTracesChildrenInFullAndTheirParentNotAtAll) {
  Companion load{{program("steady_load")}};
  wait_for_threads(load.pid(), 9);
  const Trace trace = trace_program(attach_to(load.pid(), milliseconds{300}, Light::Always));
  ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  std::set<base::TaskId> children;
  for (const auto& started : all_of<raw::TaskStarted>(trace)) {
    if (started.body->cause == raw::TaskStarted::Cause::Forked &&
        started.body->pid.value != load.pid()) {
      children.insert(started.event->task);
      EXPECT_TRUE(started.body->creator.has_value());
      EXPECT_EQ(started.body->exit_signal, static_cast<std::uint32_t>(SIGCHLD));
    }
    EXPECT_NE(started.body->cause, raw::TaskStarted::Cause::Found) << render_events(trace);
  }
  EXPECT_GE(children.size(), 5U);
  for (const auto& call : all_of<raw::Syscall>(trace)) {
    EXPECT_EQ(children.count(call.event->task), 1U) << render_events(trace);
  }
  EXPECT_FALSE(calls_of(trace, "execve").empty());
  EXPECT_FALSE(calls_of(trace, "exit_group").empty());
  EXPECT_EQ(load.end(SIGTERM), 0);
}

TEST(Attach, OnlyChosenCallsBecomeEvents) {
  Companion load{{program("steady_load")}};
  wait_for_threads(load.pid(), 9);
  ptrace::LaunchOptions options = attach_to(load.pid(), milliseconds{200});
  options.calls.emplace();
  options.calls->add({"tgkill"});
  const Trace trace = trace_program(options);
  ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  EXPECT_FALSE(std::get<raw::Header>(trace.events.front().body).every_call);
  EXPECT_FALSE(calls_of(trace, "tgkill").empty());
  EXPECT_FALSE(calls_of(trace, "execve").empty()) << "the engine's own choice";
  EXPECT_TRUE(calls_of(trace, "read").empty());
  EXPECT_TRUE(calls_of(trace, "clock_nanosleep").empty());
  EXPECT_EQ(load.end(SIGTERM), 0);
}

// Letting go of what is followed lightly is left to the end of our thread. The kernel takes its
// time for it, and does it after the thread can be joined.
TEST(Attach, OnReturnNothingIsTracedOfManyThreads) {
  constexpr std::size_t kThreads = 2000;
  Companion sleeper{{program("sleeping_threads"), std::to_string(kThreads)}};
  wait_for_threads(sleeper.pid(), kThreads);
  for (int i = 0; i < 3; ++i) {
    const Trace trace = trace_program(attach_to(sleeper.pid(), milliseconds{0}, Light::Always));
    // The first to be seized is the last to be let go of.
    EXPECT_EQ(status_of(sleeper.pid(), "TracerPid"), "0");
    ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
  }
}

TEST(Attach, StoppedProcessStaysStopped) {
  for (const Light light : {Light::Never, Light::Always}) {
    Companion sleeper{{"sleep", "60"}};
    ASSERT_TRUE(becomes_true([&] { return status_of(sleeper.pid(), "Name") == "sleep"; }));
    ::kill(sleeper.pid(), SIGSTOP);
    ASSERT_TRUE(becomes_true([&] { return status_of(sleeper.pid(), "State") == "T (stopped)"; }));
    const Trace trace = trace_program(attach_to(sleeper.pid(), milliseconds{50}, light));
    ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
    EXPECT_TRUE(becomes_true([&] { return status_of(sleeper.pid(), "State") == "T (stopped)"; }))
        << status_of(sleeper.pid(), "State").value_or("gone");
    EXPECT_EQ(status_of(sleeper.pid(), "TracerPid"), "0");
    ::kill(sleeper.pid(), SIGCONT);
    EXPECT_TRUE(becomes_true([&] { return status_of(sleeper.pid(), "State") == "S (sleeping)"; }));
  }
}

TEST(Attach, ParentInAVforkDoesNotHoldUsAndIsNotHeld) {
  Companion parent{{program("vfork_slow_exec")}};
  ASSERT_TRUE(
      becomes_true([&] { return status_of(parent.pid(), "State").value_or("").front() == 'D'; }));
  const auto begun = std::chrono::steady_clock::now();
  const Trace trace = trace_program(attach_to(parent.pid(), milliseconds{20}));
  ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
  EXPECT_LT(std::chrono::steady_clock::now() - begun, milliseconds{3000});
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  EXPECT_EQ(leftovers(parent.pid()), "");
  EXPECT_EQ(parent.end(0), 6);
}

TEST(Attach, ASignalEndsIt) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Companion load{{program("steady_load")}};
    wait_for_threads(load.pid(), 9);
    const pid_t tracer = start_tracer(attach_to(load.pid(), milliseconds{60'000}));
    ASSERT_TRUE(becomes_true([&] { return tracee_running("steady_load", tracer).has_value(); }));
    ::kill(tracer, signal);
    EXPECT_EQ(exit_status_of(tracer), 0);
    EXPECT_EQ(leftovers(load.pid()), "");
    EXPECT_EQ(load.end(SIGTERM), 0);
  }
}

TEST(Attach, TracerThatIsKilledAtAnyMomentLeavesNothingStopped) {
  std::mt19937 random{42};
  for (const Light light : {Light::Never, Light::Always}) {
    Companion load{{program("steady_load"), "unsignalled"}};
    wait_for_threads(load.pid(), 8);
    for (int i = 0; i < 40; ++i) {
      const pid_t tracer = start_tracer(attach_to(load.pid(), milliseconds{60'000}, light));
      std::this_thread::sleep_for(std::chrono::microseconds{random() % 40'000});
      ::kill(tracer, SIGKILL);
      EXPECT_EQ(exit_status_of(tracer), 1000 + SIGKILL);
      ASSERT_EQ(leftovers(load.pid()), "");
    }
    EXPECT_EQ(load.end(SIGTERM), 0) << "light: " << (light == Light::Always);
  }
}

TEST(Attach, CommandBesideItEndsTheTrace) {
  Companion load{{program("steady_load")}};
  wait_for_threads(load.pid(), 9);
  ptrace::LaunchOptions options = attach_to(load.pid(), milliseconds{60'000});
  options.command = {"sh", "-c", "exit 5"};
  options.following.until_command_ends = true;
  const Trace trace = trace_program(options);
  ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  EXPECT_TRUE(trace.end.value().seen);
  EXPECT_EQ(trace.end.value().code, 5);
  EXPECT_EQ(leftovers(load.pid()), "");

  options.command = {"/dev/null"};
  const Trace failed = trace_program(options);
  ASSERT_FALSE(failed.end.ok());
  EXPECT_EQ(leftovers(load.pid()), "");
  EXPECT_EQ(load.end(SIGTERM), 0);
}

TEST(Attach, EndOfTheProcessEndsTheTrace) {
  Companion sleeper{{"sleep", "0.3"}};
  ASSERT_TRUE(becomes_true([&] { return status_of(sleeper.pid(), "Name") == "sleep"; }));
  const Trace trace = trace_program(attach_to(sleeper.pid(), milliseconds{60'000}));
  ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
  EXPECT_FALSE(trace.end.value().let_go);
  EXPECT_EQ(all_of<raw::TaskExited>(trace).back().body->cause, raw::TaskExited::Cause::Code);
  EXPECT_EQ(sleeper.end(0), 0) << "its parent gets its status as ever";
}

std::string text_of(const raw::Syscall& syscall, std::string_view arg) {
  const decoders::DecodedCall call = decoders::decode(syscall, {});
  const decoders::Value* value = call.arg(arg);
  return value != nullptr && value->text() != nullptr ? *value->text() : "";
}

TEST(Attach, LightlyStillSeesWhatThreadsDoToNamespacesAndMounts) {
  if (::geteuid() != 0 || !os::open_tracefs().ok()) {
    GTEST_SKIP() << "needs root, and a kernel with tracepoints";
  }
  Companion daemon{{program("network_daemon")}};
  wait_for_threads(daemon.pid(), 2);
  std::this_thread::sleep_for(milliseconds{50});
  const Trace trace = trace_program(attach_to(daemon.pid(), milliseconds{400}, Light::Always));
  ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);

  // The two namespaces take turns, each named by its descriptor.
  std::vector<std::string> joined;
  for (const auto& call : calls_of(trace, "setns")) {
    EXPECT_EQ(call.body->outcome.kind, raw::Outcome::Kind::Returned);
    EXPECT_LE(call.body->entered, call.event->time);
    ASSERT_EQ(call.body->fds.size(), 1U) << render_events(trace);
    EXPECT_EQ(call.body->fds.front().target.rfind("net:[", 0), 0U);
    joined.push_back(call.body->fds.front().target);
  }
  ASSERT_GE(joined.size(), 10U) << render_events(trace);
  for (std::size_t i = 2; i < joined.size(); ++i) {
    EXPECT_NE(joined[i], joined[i - 1]);
    EXPECT_EQ(joined[i], joined[i - 2]);
  }
  const auto mounts = calls_of(trace, "mount");
  ASSERT_GE(mounts.size(), 5U);
  for (const auto& call : mounts) {
    EXPECT_EQ(text_of(*call.body, "source"), "boxtrace-test");
    EXPECT_EQ(text_of(*call.body, "target"), "/mnt");
    EXPECT_EQ(call.body->call.args[3], 2U);  // MS_NOSUID
  }
  EXPECT_NEAR(static_cast<double>(calls_of(trace, "umount2").size()),
              static_cast<double>(mounts.size()), 1.0);
  // Nothing else of it, and its children in full.
  EXPECT_TRUE(calls_of(trace, "clock_nanosleep").empty());
  EXPECT_GE(calls_of(trace, "exit_group").size(), 5U);
  ASSERT_EQ(all_of<raw::Gap>(trace).size(), 1U) << render_events(trace);
  EXPECT_THAT(all_of<raw::Gap>(trace).front().body->reason, HasSubstr("it is followed lightly"));
  EXPECT_EQ(daemon.end(SIGTERM), 0);
}

/// The names and outcomes of calls, in their order, but for those of the dynamic loader.
std::vector<std::string> steps_of(const Trace& trace, base::TaskId task) {
  std::vector<std::string> steps;
  for (const auto& call : all_of<raw::Syscall>(trace, task)) {
    const decoders::DecodedCall decoded = decoders::decode(*call.body, {});
    if (decoded.name != "openat") {
      steps.push_back(fmt::format("{} {}", decoded.name, call.body->outcome.value));
    }
  }
  return steps;
}

/// What a daemon of go_steps makes while it is followed lightly for a while.
class ProgramsOfGo : public testing::Test {
 protected:
  void watch(const std::string& work) {
    if (const auto stops = ptrace::open_return_stops({}, {}); !stops.ok()) {
      GTEST_SKIP() << base::render_error(stops.error());
    }
    Companion daemon{{program("go_steps"), work}};
    ptrace::LaunchOptions options = attach_to(daemon.pid(), milliseconds{600}, Light::Always);
    options.calls = timeline::story_calls();
    trace_ = trace_program(options);
    ASSERT_TRUE(trace_.end.ok()) << trace_.end.error().what;
    EXPECT_EQ(broken_rule(trace_), "") << render_events(trace_);
    EXPECT_EQ(leftovers(daemon.pid()), "");
    EXPECT_EQ(daemon.end(SIGTERM), 0) << "it has seen a signal, or a call that went wrong";
    // Threads and children of its work have other ends.
    for (const auto& started : all_of<raw::TaskStarted>(trace_)) {
      const auto ends = all_of<raw::TaskExited>(trace_, started.event->task);
      if (started.body->cause == raw::TaskStarted::Cause::Forked && !ends.empty() &&
          ends.front().body->cause == raw::TaskExited::Cause::Code &&
          ends.front().body->value == 7) {
        whole_.push_back(started.event->task);
      }
    }
    ASSERT_GE(whole_.size(), 3U) << render_events(trace_);
  }
  std::vector<std::string> gaps_of(base::TaskId task) {
    std::vector<std::string> gaps;
    for (const auto& gap : all_of<raw::Gap>(trace_, task)) {
      gaps.push_back(gap.body->reason);
    }
    return gaps;
  }

  Trace trace_;
  std::vector<base::TaskId> whole_;  ///< the first and the last may be cut off, and are not here
};

TEST_F(ProgramsOfGo, StopOnlyWhereChosenCallsReturn) {
  watch("work");
  for (const base::TaskId task : whole_) {
    EXPECT_THAT(steps_of(trace_, task),
                ElementsAre("unshare 0", "sethostname 0", "mkdir 17", "prctl 0", "chdir 0"))
        << render_events(trace_);
    EXPECT_THAT(
        gaps_of(task),
        UnorderedElementsAre(HasSubstr("1 calls that returned while this thread blocked signals"),
                             HasSubstr("made with CLONE_UNTRACED")));
    for (const auto& signal : all_of<raw::Signal>(trace_, task)) {
      EXPECT_EQ(signal.body->signo, SIGCHLD);
    }
  }
  // What is in memory was read in time.
  const auto hosts = calls_of(trace_, "sethostname");
  ASSERT_FALSE(hosts.empty());
  EXPECT_EQ(text_of(*hosts.front().body, "name"), "go-steps");
  EXPECT_LE(hosts.front().body->entered, hosts.front().event->time);
}

TEST_F(ProgramsOfGo, OpensArePassedOrStoppedFor) {
  watch("opens");
  for (const base::TaskId task : whole_) {
    std::vector<std::string> opened;
    std::size_t bounding_sets = 0;
    for (const raw::Event& event : trace_.events) {
      if (event.task != task) {
        continue;
      }
      if (const auto* const call = std::get_if<raw::Syscall>(&event.body)) {
        const decoders::DecodedCall decoded = decoders::decode(*call, {});
        const std::string path = decoded.name == "openat" ? text_of(*call, "pathname") : "";
        if (path.find("/lib") != std::string::npos || path.find("ld.so") != std::string::npos) {
          continue;
        }
        const std::string fd = call->fds.empty() ? "" : " of " + call->fds.front().target;
        opened.push_back(path.empty() ? decoded.name : path + fd);
        EXPECT_GE(call->entered.value, 0);
        EXPECT_LE(call->entered, event.time);
      } else if (const auto* const seen = std::get_if<raw::Observation>(&event.body)) {
        const bool is_after_drops = !opened.empty() && opened.back() == "prctl";
        bounding_sets += is_after_drops && seen->status && (seen->status->cap_bnd & 0x60) == 0;
      }
    }
    const std::string long_path = std::string(390, '/') + "etc/hosts";
    EXPECT_THAT(opened, ElementsAre("/etc/hosts", "chdir", "/etc/nowhere", "etc/hosts", long_path,
                                    MatchesRegex("/proc/self/fd/[0-9]+ of /etc/hosts"),
                                    "/proc/self/stat", "hosts of /etc", "prctl", "prctl", "mkdir"))
        << render_events(trace_);
    EXPECT_EQ(bounding_sets, 1U) << render_events(trace_);
    EXPECT_THAT(gaps_of(task), IsEmpty());
  }
}

TEST_F(ProgramsOfGo, WhatTheirFiltersAnswerIsSeen) {
  watch("filtered");
  for (const base::TaskId task : whole_) {
    const std::vector<std::string> steps = steps_of(trace_, task);
    const std::string denied = std::to_string(EXDEV);
    EXPECT_THAT(steps, ElementsAre("prctl 0", "seccomp 0", "mkdir " + denied,
                                   "getpriority " + denied, "unshare 0", "chdir 0"))
        << render_events(trace_);
    EXPECT_THAT(gaps_of(task), IsEmpty());
    // Of its child, and of its thread.
    std::vector<std::string> fatal;
    for (const auto& started : all_of<raw::TaskStarted>(trace_)) {
      if (started.body->creator == task) {
        for (const auto& call : all_of<raw::Syscall>(trace_, started.event->task)) {
          const bool returned = call.body->outcome.kind != raw::Outcome::Kind::NoReturn;
          fatal.push_back(decoders::decode(*call.body, {}).name + (returned ? " returns" : ""));
        }
      }
    }
    EXPECT_THAT(fatal, ElementsAre("umount2", "mount")) << render_events(trace_);
  }
}

TEST_F(ProgramsOfGo, AreLetGoOfWithoutASignal) {
  Companion daemon{{program("go_steps")}};
  for (int i = 0; i < 30; ++i) {
    ptrace::LaunchOptions options =
        attach_to(daemon.pid(), milliseconds{i % 10 * 3}, Light::Always);
    options.calls = timeline::story_calls();
    const Trace trace = trace_program(options);
    ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
    ASSERT_EQ(broken_rule(trace), "") << render_events(trace);
    ASSERT_EQ(leftovers(daemon.pid()), "");
  }
  EXPECT_EQ(daemon.end(SIGTERM), 0);
}

TEST(Attach, EachProcessIsLetGoWhenItExecs) {
  ptrace::LaunchOptions options;
  options.command = {"sh", "-c", "sh -c 'exit 4' & wait $!"};
  options.following.let_go_at_exec = true;
  const Trace trace = trace_program(options);
  ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  EXPECT_EQ(trace.end.value().code, 4);
  EXPECT_EQ(calls_of(trace, "execve").size(), 2U) << render_events(trace);
  std::vector<raw::TaskExited::Cause> ends;
  for (const auto& exited : all_of<raw::TaskExited>(trace)) {
    ends.push_back(exited.body->cause);
  }
  EXPECT_EQ(ends, (std::vector{raw::TaskExited::Cause::Detached, raw::TaskExited::Cause::Code}));
}

TEST(Attach, ConditionMakesUsLetGoOfTheCommand) {
  ptrace::LaunchOptions options;
  options.command = {"sh", "-c", "sleep 0.2; sleep 60"};
  int execs = 0;
  EventLog log;
  options.following.is_enough = [&] {
    execs = 0;
    for (const raw::Event& event : log.events) {
      execs += std::holds_alternative<raw::TaskExeced>(event.body) ? 1 : 0;
    }
    return execs == 3;
  };
  Trace trace;
  trace.end = ptrace::trace_launch(options, log);
  trace.events = std::move(log.events);
  ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  EXPECT_TRUE(trace.end.value().let_go);
  EXPECT_FALSE(trace.end.value().seen);
  const auto command = all_of<raw::TaskStarted>(trace).front().body->pid.value;
  EXPECT_EQ(leftovers(command), "");
  for (const auto& started : all_of<raw::TaskStarted>(trace)) {
    ::kill(started.body->pid.value, SIGKILL);
  }
  ::waitpid(command, nullptr, 0);
}

TEST(Attach, RefusalsSayWhy) {
  const auto refusal = [](pid_t pid) {
    const Trace trace = trace_program(attach_to(pid, milliseconds{10}));
    return trace.end.ok() ? "attached" : trace.end.error().what + "; " + trace.end.error().hint;
  };
  EXPECT_THAT(refusal(::getpid()), HasSubstr("that is boxtrace itself"));
  EXPECT_THAT(refusal(::getppid()), HasSubstr("it has started boxtrace"));
  EXPECT_THAT(refusal(4'000'000), HasSubstr("cannot attach to 4000000"));
  if (os::read_file("/proc/2/comm").ok() && status_of(2, "PPid") == "0") {
    EXPECT_THAT(refusal(2), HasSubstr("it is a kernel thread"));
  }
  Companion load{{program("steady_load")}};
  wait_for_threads(load.pid(), 9);
  const pid_t tracer = start_tracer(attach_to(load.pid(), milliseconds{60'000}));
  ASSERT_TRUE(becomes_true([&] { return tracee_running("steady_load", tracer).has_value(); }));
  EXPECT_THAT(refusal(load.pid()), AllOf(HasSubstr("it is traced already, by live_ptrace ("),
                                         HasSubstr("one tracer at a time")));
  ::kill(tracer, SIGTERM);
  EXPECT_EQ(exit_status_of(tracer), 0);
  EXPECT_EQ(load.end(SIGTERM), 0);

  const pid_t zombie = ::fork();
  if (zombie == 0) {
    ::_exit(0);
  }
  ASSERT_TRUE(becomes_true([&] { return status_of(zombie, "State") == "Z (zombie)"; }));
  EXPECT_THAT(refusal(zombie), HasSubstr("it has ended already"));
  ::waitpid(zombie, nullptr, 0);
}

TEST(Attach, WithoutRightsTheRefusalNamesBothUsers) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, to become somebody else";
  }
  Companion sleeper{{"sleep", "60"}};
  const pid_t other = ::fork();
  if (other == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) {
      ::_exit(2);
    }
    const Trace trace = trace_program(attach_to(sleeper.pid(), milliseconds{10}));
    const bool is_right = !trace.end.ok() && trace.end.error().what.find(
                                                 "it belongs to uid 0, and boxtrace runs as "
                                                 "uid 65534") != std::string::npos;
    ::_exit(is_right ? 0 : 1);
  }
  EXPECT_EQ(exit_status_of(other), 0);
}

}  // namespace
}  // namespace boxtrace::test
