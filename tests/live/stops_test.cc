// Signals, stops and calls: what the tracee must not notice, and what the trace must say of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "decoders/decode.h"
#include "tests/live/programs.h"
#include "tests/support/trace_program.h"

namespace boxtrace::test {
namespace {

using raw::Outcome;

TEST(Stops, GroupStopIsLeftAlone) {
  const Trace trace = trace_program({program("group_stop")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 0) << "see group_stop.c for what this number means";
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  int stops = 0;
  for (const auto& signal : all_of<raw::Signal>(trace)) {
    stops += signal.body->stopped && signal.body->signo == SIGSTOP;
  }
  EXPECT_EQ(stops, 1) << render_events(trace);
}

TEST(Stops, SignalsArriveOnceAndWithTheirDetails) {
  const Trace trace = trace_program({program("signal_details")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 0);
  const auto signals = all_of<raw::Signal>(trace);
  ASSERT_EQ(signals.size(), 4U) << render_events(trace);
  const auto self = base::HostPid{all_of<raw::TaskStarted>(trace)[0].body->tid.value};
  int queued = 0;
  for (const auto& signal : signals) {
    EXPECT_EQ(signal.body->sender, self);
    queued += signal.body->signo == SIGRTMIN && signal.body->code == SI_QUEUE;
  }
  EXPECT_EQ(queued, 3);
}

TEST(Stops, RestartedCallsAreSeenAndNotDisturbed) {
  const Trace trace = trace_program({program("restarted_calls")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 0) << render_events(trace);
  const auto& main_task = all_of<raw::TaskStarted>(trace)[0].event->task;
  bool read_restarts = false;
  bool sleep_restarts = false;
  for (const auto& call : all_of<raw::Syscall>(trace, main_task)) {
    if (call.body->outcome.kind == Outcome::Kind::Restarting) {
      read_restarts |= name_of(*call.body) == "read" && call.body->outcome.value == 512;
      sleep_restarts |= call.body->outcome.value == 516;
    }
  }
  EXPECT_TRUE(read_restarts) << render_events(trace);
  EXPECT_TRUE(sleep_restarts) << render_events(trace);
  // Once after SIGCONT, and again if SIGCHLD comes while it still sleeps: under a tracer even a
  // signal that is ignored interrupts it.
  EXPECT_GE(calls_of(trace, "restart_syscall").size(), 1U);
}

TEST(Stops, A32BitCallOfA64BitProgramIsItself) {
  const Trace trace = trace_program({program("int80")});
  ASSERT_TRUE(trace.end.ok());
  if (trace.end.value().signal == SIGSEGV) {
    GTEST_SKIP() << "this kernel has no IA32 emulation";
  }
  EXPECT_EQ(trace.end.value().code, 0);
  int compat = 0;
  for (const auto& call : all_of<raw::Syscall>(trace)) {
    if (call.body->call.abi == raw::Abi::I386) {
      ++compat;
      EXPECT_EQ(call.body->call.nr, 20U);
      EXPECT_EQ(name_of(*call.body), "getpid");
    }
  }
  EXPECT_EQ(compat, 1);
}

TEST(Stops, NestedTracersGetTheirTracees) {
  const Trace trace = trace_program({program("nested_ptrace")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 3) << render_events(trace);
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  EXPECT_EQ(all_of<raw::Gap>(trace).size(), 2U) << "what is not seen any more is said";
  int detached = 0;
  for (const auto& exited : all_of<raw::TaskExited>(trace)) {
    detached += exited.body->cause == raw::TaskExited::Cause::Detached;
  }
  EXPECT_EQ(detached, 2);
}

TEST(Stops, StraceWorksUnderUs) {
  const Trace trace =
      trace_program({"strace", "-f", "-o", "/dev/null", "sh", "-c", "true & wait; exit 5"});
  if (!trace.end.ok()) {
    GTEST_SKIP() << "no strace here";
  }
  EXPECT_EQ(trace.end.value().code, 5) << render_events(trace);
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
}

// A task with our filter would fail with ENOSYS under another tracer; so it stays ours.
TEST(Stops, WithOurFilterNestedTracersAreRefused) {
  ptrace::LaunchOptions options;
  options.command = {program("nested_ptrace")};
  options.calls.emplace();
  const Trace trace = trace_program(options);
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 10 + EPERM) << render_events(trace);
  const auto gaps = all_of<raw::Gap>(trace);
  ASSERT_EQ(gaps.size(), 1U) << render_events(trace);
  EXPECT_THAT(gaps[0].body->reason, ::testing::HasSubstr("--calls=every"));
}

const decoders::Text* first_path(const decoders::DecodedCall& decoded) {
  for (const decoders::Field& arg : decoded.args) {
    if (const auto* text = arg.value.as<decoders::Text>()) {
      return text;
    }
  }
  return nullptr;
}

TEST(Stops, StringsAreReadUpToTheLastMappedByte) {
  const Trace trace = trace_program({program("page_end_path")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 0);
  // The loader makes calls of the same name first; ours are the last three.
  const auto calls = calls_of(trace, "access");
  ASSERT_GE(calls.size(), 3U);
  const auto nth_last = [&calls](std::size_t n) {
    return decoders::decode(*calls[calls.size() - n].body, decoders::Options{});
  };
  const decoders::DecodedCall at_end = nth_last(3);
  ASSERT_NE(first_path(at_end), nullptr);
  EXPECT_EQ(first_path(at_end)->bytes, "/");
  EXPECT_FALSE(first_path(at_end)->failure);
  const decoders::DecodedCall beyond = nth_last(2);
  ASSERT_NE(first_path(beyond), nullptr);
  EXPECT_EQ(first_path(beyond)->bytes, "/abc");
  EXPECT_EQ(first_path(beyond)->failure, raw::Unreadable::Fault);
  const decoders::DecodedCall nowhere = nth_last(1);
  ASSERT_FALSE(nowhere.args.empty());
  const auto* missing = nowhere.args[0].value.as<decoders::Missing>();
  ASSERT_NE(missing, nullptr);
  EXPECT_EQ(missing->why, raw::Unreadable::Fault);
}

// In a child without privilege, for root may read what is hidden from everybody else. Returns
// nothing through memory: the exit status says which expectation failed.
int trace_hidden_memory_unprivileged() {
  constexpr unsigned kNobody = 65534;
  if (setresgid(kNobody, kNobody, kNobody) != 0 || setresuid(kNobody, kNobody, kNobody) != 0) {
    return 77;
  }
  // Changing ids made us undumpable, which our child would inherit, and could not be traced then.
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  const Trace trace = trace_program({program("hide_memory")});
  if (!trace.end.ok()) {
    return trace.end.error().err == EACCES ? 77 : 1;
  }
  const auto calls = calls_of(trace, "openat");
  if (calls.empty()) {
    return 2;
  }
  const decoders::DecodedCall decoded = decoders::decode(*calls.back().body, decoders::Options{});
  for (const decoders::Field& arg : decoded.args) {
    if (const auto* missing = arg.value.as<decoders::Missing>()) {
      return missing->why == raw::Unreadable::NotDumpable ? 0 : 3;
    }
  }
  return 4;
}

TEST(Stops, MemoryOfAnUndumpableProcessIsUnreadableForAReason) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root, to give privilege up";
  }
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    _exit(trace_hidden_memory_unprivileged());
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) {
    GTEST_SKIP() << "nobody may not execute the test programs here";
  }
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Stops, A32BitProgramIsDecodedAsOne) {
  const Trace trace = trace_program({program("ia32")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 21);
  EXPECT_EQ(broken_rule(trace), "") << render_events(trace);
  std::vector<std::string_view> names;
  for (const auto& call : all_of<raw::Syscall>(trace)) {
    if (call.body->call.abi == raw::Abi::I386) {
      names.push_back(name_of(*call.body));
    }
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("mkdir", "rmdir", "close", "clone", "waitpid",
                                                     "exit", "exit"));
  EXPECT_EQ(all_of<raw::TaskStarted>(trace).size(), 2U);
}

TEST(Stops, TrapsBelongToTheProgram) {
  const Trace trace = trace_program({program("traps")});
  ASSERT_TRUE(trace.end.ok());
  EXPECT_EQ(trace.end.value().code, 3);
  int traps = 0;
  for (const auto& signal : all_of<raw::Signal>(trace)) {
    traps += signal.body->signo == SIGTRAP;
  }
  EXPECT_EQ(traps, 3) << render_events(trace);
}

}  // namespace
}  // namespace boxtrace::test
