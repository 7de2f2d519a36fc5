// Births, deaths and execs: who there was, in what order, made by whom, ended how.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <set>

#include <sched.h>

#include "tests/live/processes.h"
#include "tests/live/programs.h"
#include "tests/support/trace_program.h"

namespace boxtrace::test {
namespace {

using raw::Outcome;
using raw::TaskExited;
using raw::TaskStarted;

TEST(Tasks, ExitCodeIsPassedThrough) {
  const Trace trace = trace_program({program("exit_code"), "42"});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(broken_rule(trace), "");
  EXPECT_EQ(trace.end.value().code, 42);
  EXPECT_EQ(trace.end.value().signal, 0);
  const auto exits = all_of<TaskExited>(trace);
  ASSERT_EQ(exits.size(), 1U);
  EXPECT_EQ(exits[0].body->cause, TaskExited::Cause::Code);
  EXPECT_EQ(exits[0].body->value, 42);
}

TEST(Tasks, DeathBySignalIsPassedThrough) {
  const Trace trace = trace_program({program("die_of_signal"), "15"});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(broken_rule(trace), "");
  EXPECT_EQ(trace.end.value().signal, SIGTERM);
  EXPECT_EQ(trace.end.value().shell_status(), 128 + SIGTERM);
  const auto exits = all_of<TaskExited>(trace);
  ASSERT_EQ(exits.size(), 1U);
  EXPECT_EQ(exits[0].body->cause, TaskExited::Cause::Signal);
  EXPECT_EQ(exits[0].body->value, SIGTERM);
}

TEST(Tasks, FirstRecordedCallIsTheExecOfTheCommand) {
  const Trace trace = trace_program({program("exit_code")});
  const auto calls = all_of<raw::Syscall>(trace);
  ASSERT_FALSE(calls.empty()) << render_events(trace);
  EXPECT_EQ(name_of(*calls.front().body), "execve");
  EXPECT_EQ(calls.front().body->outcome.kind, Outcome::Kind::Returned);
  EXPECT_EQ(calls_of(trace, "execve").size(), 1U);
}

TEST(Tasks, CommandThatDoesNotExistIsAnErrorAndLeavesNoTrace) {
  const Trace trace = trace_program({"no-such-command-anywhere"});
  ASSERT_FALSE(trace.end.ok());
  EXPECT_EQ(trace.end.error().err, ENOENT);
  EXPECT_TRUE(trace.events.empty());
}

TEST(Tasks, FileThatIsNoProgramIsAnErrorAndLeavesNoTrace) {
  const Trace trace = trace_program({BOXTRACE_SOURCE_DIR "/tests/live/not_a_program"});
  ASSERT_FALSE(trace.end.ok());
  EXPECT_EQ(trace.end.error().err, ENOEXEC);
  EXPECT_TRUE(trace.events.empty());
}

TEST(Tasks, ExecByAThreadTakesOverTheLeader) {
  const Trace trace = trace_program({program("thread_exec")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 5);
  ASSERT_EQ(broken_rule(trace), "") << render_events(trace);

  const auto starts = all_of<TaskStarted>(trace);
  ASSERT_EQ(starts.size(), 4U);
  const base::HostTid leader_tid = starts[0].body->tid;
  const base::TaskId caller = starts[3].event->task;

  const auto execs = all_of<raw::TaskExeced>(trace);
  ASSERT_EQ(execs.size(), 2U);
  EXPECT_EQ(execs[1].event->task, caller);
  EXPECT_EQ(execs[1].body->former_tid, starts[3].body->tid);
  EXPECT_NE(execs[1].body->former_tid, leader_tid);

  for (const auto& exit : all_of<TaskExited>(trace)) {
    if (exit.event->task == caller) {
      EXPECT_EQ(exit.body->cause, TaskExited::Cause::Code);
      EXPECT_EQ(exit.body->value, 5);
    } else {
      EXPECT_EQ(exit.body->cause, TaskExited::Cause::Superseded) << render_events(trace);
      EXPECT_LT(exit.event->seq, execs[1].event->seq);
    }
  }
}

TEST(Tasks, LeaderThatEndedFirstEndsWithItsProcess) {
  const Trace trace = trace_program({program("zombie_leader")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 7);
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  const auto starts = all_of<TaskStarted>(trace);
  ASSERT_EQ(starts.size(), 2U);
  // Its last call is known when it makes it, its end when the process is gone.
  const auto calls = all_of<raw::Syscall>(trace, starts[0].event->task);
  EXPECT_EQ(name_of(*calls.back().body), "exit");
  const auto leader_end = all_of<TaskExited>(trace, starts[0].event->task);
  const auto thread_end = all_of<TaskExited>(trace, starts[1].event->task);
  ASSERT_EQ(leader_end.size(), 1U);
  ASSERT_EQ(thread_end.size(), 1U);
  EXPECT_GT(leader_end[0].event->seq, thread_end[0].event->seq);
}

TEST(Tasks, LeaderThatEndedFirstIsSupersededByAnExec) {
  const Trace trace = trace_program({program("zombie_leader"), "exec"});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 6);
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  const auto starts = all_of<TaskStarted>(trace);
  ASSERT_EQ(starts.size(), 2U);
  const auto leader_end = all_of<TaskExited>(trace, starts[0].event->task);
  ASSERT_EQ(leader_end.size(), 1U);
  EXPECT_EQ(leader_end[0].body->cause, TaskExited::Cause::Superseded);
}

TEST(Tasks, VforkReturnsAfterTheChildHasCalledExecve) {
  const Trace trace = trace_program({program("vfork_exec")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 3);
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  const auto calls = calls_of(trace, "vfork");
  ASSERT_EQ(calls.size(), 1U) << render_events(trace);
  const auto starts = all_of<TaskStarted>(trace);
  ASSERT_EQ(starts.size(), 2U);
  EXPECT_EQ(calls[0].body->child, starts[1].event->task);
  EXPECT_EQ(starts[1].body->flags, std::uint64_t{CLONE_VFORK | CLONE_VM});
  EXPECT_EQ(starts[1].body->creator, starts[0].event->task);
  // The kernel lets the parent go on as soon as the child has given up the memory they shared,
  // which is before the exec is reported; all that is certain is that the child had called execve.
  const auto execs = calls_of(trace, "execve");
  ASSERT_EQ(execs.size(), 2U);
  ASSERT_EQ(execs[1].event->task, starts[1].event->task);
  EXPECT_LT(execs[1].body->entered, calls[0].event->time);
}

TEST(Tasks, FlagsAndExitSignalComeFromTheCall) {
  const Trace trace = trace_program({program("clone_kinds")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 4);
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  const auto starts = all_of<TaskStarted>(trace);
  ASSERT_EQ(starts.size(), 6U);
  struct Birth {
    std::uint64_t flags;
    std::uint32_t exit_signal;
  };
  const std::array<Birth, 5> expected{{{0, SIGCHLD},
                                       {0, SIGCHLD},
                                       {CLONE_FS, SIGUSR1},
                                       {CLONE_FILES, SIGCHLD},
                                       {CLONE_PARENT, SIGCHLD}}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const TaskStarted& started = *starts[i + 1].body;
    EXPECT_EQ(started.flags, expected.at(i).flags) << i;
    EXPECT_EQ(started.exit_signal, expected.at(i).exit_signal) << i;
    EXPECT_EQ(started.creator, starts[0].event->task) << i;
    EXPECT_EQ(started.leader, starts[i + 1].event->task) << i;
    EXPECT_EQ(started.pid.value, started.tid.value) << i;
  }
}

TEST(Tasks, ThreadsBelongToTheirLeader) {
  const Trace trace = trace_program({program("many_threads")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 0);
  EXPECT_EQ(broken_rule(trace), "");
  const auto starts = all_of<TaskStarted>(trace);
  ASSERT_EQ(starts.size(), 65U);
  std::map<base::TaskId, int> getppids;
  for (const auto& call : calls_of(trace, "getppid")) {
    ++getppids[call.event->task];
  }
  for (std::size_t i = 1; i < starts.size(); ++i) {
    EXPECT_EQ(starts[i].body->leader, starts[0].event->task);
    EXPECT_EQ(starts[i].body->pid.value, starts[0].body->tid.value);
    EXPECT_NE(starts[i].body->flags & CLONE_THREAD, 0U);
    EXPECT_EQ(starts[i].body->exit_signal, 0U);
    EXPECT_EQ(getppids[starts[i].event->task], 20);
  }
}

// More of them are stopped at any time than we can answer: each has to get its turn.
TEST(Tasks, BusyThreadsGetTheirTurns) {
  constexpr std::size_t kThreads = 20;
  const Trace trace = trace_program({program("busy_threads"), std::to_string(kThreads), "300"});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 0);
  std::map<base::TaskId, int> turns;
  for (const auto& call : calls_of(trace, "getppid")) {
    ++turns[call.event->task];
  }
  ASSERT_EQ(turns.size(), kThreads);
  const auto by_count = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto [least, most] = std::minmax_element(turns.begin(), turns.end(), by_count);
  EXPECT_GT(least->second, most->second / 4) << most->second;
}

TEST(Tasks, NoneOfManyShortLivedChildrenIsLost) {
  const Trace trace = trace_program({program("fork_storm"), "500"});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 0);
  EXPECT_EQ(broken_rule(trace), "");
  const auto starts = all_of<TaskStarted>(trace);
  ASSERT_EQ(starts.size(), 501U);
  std::set<base::TaskId> children;
  for (const char* name : {"fork", "clone", "clone3"}) {
    for (const auto& call : calls_of(trace, name)) {
      if (call.body->child) {
        children.insert(*call.body->child);
      }
    }
  }
  EXPECT_EQ(children.size(), 500U);
  for (std::size_t i = 1; i < starts.size(); ++i) {
    EXPECT_EQ(starts[i].body->cause, TaskStarted::Cause::Forked);
  }
}

TEST(Tasks, KilledProcessEndsAllItsThreads) {
  const Trace trace = trace_program({program("kill_own_process")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().signal, SIGKILL);
  EXPECT_EQ(broken_rule(trace), "");
  const auto exits = all_of<TaskExited>(trace);
  ASSERT_EQ(exits.size(), 6U);
  for (const auto& exit : exits) {
    EXPECT_EQ(exit.body->cause, TaskExited::Cause::Signal);
    EXPECT_EQ(exit.body->value, SIGKILL);
  }
}

// Kills hit between every two steps of the tracer: the first stop of a child whose creator is gone,
// a report whose task is gone when it is asked about, two reports of one task.
void expect_all_found(const ptrace::LaunchOptions& options) {
  const Trace trace = trace_program(options);
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 12);
  EXPECT_EQ(broken_rule(trace), "");
  const auto starts = all_of<TaskStarted>(trace);
  const auto is_leader = [](const auto& start) { return start.body->leader == start.event->task; };
  const auto processes = std::count_if(starts.begin(), starts.end(), is_leader);
  const base::TaskId first = starts.front().event->task;
  std::ptrdiff_t waited_for = 0;
  for (const auto& call : calls_of(trace, "wait4")) {
    waited_for += call.event->task == first && call.body->outcome.kind == Outcome::Kind::Returned;
  }
  EXPECT_GE(waited_for, 120) << "victims made too few children";
  EXPECT_EQ(processes, waited_for + 1) << render_events(trace);
}

TEST(Tasks, ChildrenOfKilledCreatorsAreFound) {
  ptrace::LaunchOptions options;
  options.command = {program("killed_creators"), "60"};
  expect_all_found(options);
}

TEST(Tasks, ChildrenOfKilledCreatorsAreFoundBehindAFilter) {
  ptrace::LaunchOptions options;
  options.command = {program("killed_creators"), "60"};
  options.calls.emplace().add({.name = "wait4"});
  expect_all_found(options);
}

TEST(Tasks, DaemonsAreFollowedBeyondTheEndOfTheCommand) {
  const Trace trace = trace_program({program("daemonise")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 2);
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  EXPECT_EQ(calls_of(trace, "sethostname").size(), 1U);
  EXPECT_EQ(all_of<TaskExited>(trace).back().body->value, 9);
}

TEST(Tasks, ChildThatEscapesTracingIsReported) {
  const Trace trace = trace_program({program("untraced_child")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 8);
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  EXPECT_EQ(all_of<TaskStarted>(trace).size(), 1U);
  const auto gaps = all_of<raw::Gap>(trace);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_THAT(gaps[0].body->reason, testing::HasSubstr("CLONE_UNTRACED"));
  EXPECT_EQ(gaps[0].event->task, all_of<TaskStarted>(trace)[0].event->task);
}

void expect_followed(const ptrace::LaunchOptions& options) {
  const Trace trace = trace_program(options);
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 8 + 1) << "the caller finds its flags as it left them";
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  EXPECT_EQ(all_of<TaskStarted>(trace).size(), 3U) << render_events(trace);
  EXPECT_TRUE(all_of<raw::Gap>(trace).empty()) << render_events(trace);
}

TEST(Tasks, ChildThatWouldEscapeIsFollowedWhereAsked) {
  ptrace::LaunchOptions options;
  options.command = {program("untraced_child"), "twice"};
  options.following.untraced_too = true;
  expect_followed(options);
}

TEST(Tasks, ChildThatWouldEscapeWithOurFilterIsFollowed) {
  ptrace::LaunchOptions options;
  options.command = {program("untraced_child"), "twice"};
  options.calls.emplace();
  expect_followed(options);
}

TEST(Tasks, DeathOfAPidNamespaceDoesNotBlockUs) {
  const Trace trace = trace_program({program("pid_namespace_death")});
  ASSERT_TRUE(trace.end.ok());
  if (trace.end.value().code == 77) {
    GTEST_SKIP() << "a new pid namespace needs CAP_SYS_ADMIN";
  }
  EXPECT_EQ(trace.end.value().code, 11);
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  int killed = 0;
  for (const auto& exit : all_of<TaskExited>(trace)) {
    killed += exit.body->cause == TaskExited::Cause::Signal && exit.body->value == SIGKILL;
  }
  EXPECT_EQ(killed, 3);
}

TEST(Tasks, SiblingMadeWithCloneParentIsItsCreatorsForUsAndItsParentsForWait) {
  const Trace trace = trace_program({program("clone_parent")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  EXPECT_EQ(trace.end.value().code, 2) << "the parent can wait for both";
  const auto starts = all_of<TaskStarted>(trace);
  ASSERT_EQ(starts.size(), 3U) << render_events(trace);
  EXPECT_EQ(starts[2].body->creator, starts[1].event->task);
}

// The kernel reports births with numbers of our pid namespace and returns them in the caller's.
TEST(Tasks, PidsAreKnownInsideAndOutside) {
  const Trace trace =
      trace_program({"unshare", "-pf", "--mount-proc", "sh", "-c", "sh -c 'exit 3'; exit $?"});
  ASSERT_TRUE(trace.end.ok());
  ASSERT_EQ(trace.end.value().code, 3);
  const auto starts = all_of<TaskStarted>(trace);
  ASSERT_EQ(starts.size(), 3U) << render_events(trace);
  for (std::size_t inside = 1; inside < starts.size(); ++inside) {
    const auto seen = all_of<raw::Observation>(trace, starts[inside].event->task);
    ASSERT_FALSE(seen.empty());
    ASSERT_TRUE(seen[0].body->status);
    EXPECT_EQ(seen[0].body->status->ns_pid.front().value, starts[inside].body->tid.value);
    EXPECT_EQ(seen[0].body->status->ns_pid.back().value, static_cast<int>(inside));
  }
}

}  // namespace
}  // namespace boxtrace::test
