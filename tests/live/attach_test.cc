// Processes that were there before the tracer, and live on after it.

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "tests/live/processes.h"
#include "tests/live/programs.h"

namespace boxtrace::test {
namespace {

using std::chrono::milliseconds;
using Light = ptrace::Following::Light;

ptrace::LaunchOptions attach_to(pid_t pid, milliseconds limit, Light light = Light::Never) {
  ptrace::LaunchOptions options;
  options.following.attach = {base::HostPid{pid}};
  options.following.time_limit = limit;
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
    Companion load{{program("steady_load")}};
    wait_for_threads(load.pid(), 9);
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

}  // namespace
}  // namespace boxtrace::test
