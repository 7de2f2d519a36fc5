// Completeness: for real commands that make containers, the calls of every task in the trace are
// those that the kernel's own tracepoints recorded at the same time, one by one, with their
// results.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

#include "tests/live/programs.h"
#include "tests/support/bundle.h"
#include "tests/support/kernel_recording.h"
#include "tests/support/trace_program.h"
#include "tracer/ptrace/launch.h"

namespace boxtrace::test {
namespace {

using raw::Outcome;

/// A call as we saw it.
struct OurCall {
  std::int64_t nr = 0;
  raw::Abi abi = raw::Abi::X86_64;
  Outcome outcome;
};

/// Our calls by the tid under which they ended, which an execve can change.
std::map<base::HostTid, std::vector<OurCall>> calls_by_tid(const Trace& trace) {
  std::map<base::TaskId, base::HostTid> tids;
  std::map<base::TaskId, base::HostTid> leaders;
  std::map<base::HostTid, std::vector<OurCall>> calls;
  for (const raw::Event& event : trace.events) {
    if (const auto* started = std::get_if<raw::TaskStarted>(&event.body)) {
      tids[event.task] = started->tid;
      leaders[event.task] = base::HostTid{started->pid.value};
    } else if (std::holds_alternative<raw::TaskExeced>(event.body)) {
      tids[event.task] = leaders[event.task];
    } else if (const auto* call = std::get_if<raw::Syscall>(&event.body)) {
      calls[tids[event.task]].push_back(
          {static_cast<std::int64_t>(call->call.nr), call->call.abi, call->outcome});
    }
  }
  return calls;
}

bool agree(const OurCall& ours, const KernelCall& kernel) {
  if (ours.nr != kernel.nr) {
    return false;
  }
  switch (ours.outcome.kind) {
    case Outcome::Kind::Returned:
      return ours.abi == raw::Abi::I386
                 ? kernel.result && static_cast<std::int32_t>(*kernel.result) ==
                                        static_cast<std::int32_t>(ours.outcome.value)
                 : kernel.result == ours.outcome.value;
    case Outcome::Kind::Failed:
    case Outcome::Kind::Restarting:
      return kernel.result == -ours.outcome.value;
    case Outcome::Kind::NoReturn:
      // A task that is killed inside a call leaves it with some result that nobody can see: the
      // tracepoint fires, the stop for ptrace does not happen.
      return true;
    case Outcome::Kind::Unknown:
      break;
  }
  return false;
}

std::string render(const OurCall& call) {
  return fmt::format("nr {} outcome kind {} value {}", call.nr, static_cast<int>(call.outcome.kind),
                     call.outcome.value);
}

/// What is wrong with our list of one task, or nothing.
std::string difference(const std::vector<OurCall>& ours, const std::vector<KernelCall>& kernel) {
  const std::size_t both = std::min(ours.size(), kernel.size());
  for (std::size_t i = 0; i < both; ++i) {
    if (!agree(ours[i], kernel[i])) {
      return fmt::format("call {}: we say {}, the kernel says nr {} = {}", i, render(ours[i]),
                         kernel[i].nr, kernel[i].result ? *kernel[i].result : -99999);
    }
  }
  // Killed in the stop at the entry, or just before it: the call then never begins.
  const bool killed_in_stop =
      ours.size() == kernel.size() + 1 && ours.back().outcome.kind == Outcome::Kind::NoReturn;
  const bool killed_before_stop = ours.size() + 1 == kernel.size() && !kernel.back().began;
  if (ours.size() != kernel.size() && !killed_in_stop && !killed_before_stop) {
    return fmt::format("we have {} calls, the last {}; the kernel {}, the last nr {} = {}",
                       ours.size(), ours.empty() ? "none" : render(ours.back()), kernel.size(),
                       kernel.back().nr, kernel.back().result.value_or(-99999));
  }
  return "";
}

/// Before its execve the command's process runs code of the tracer, which is no part of the trace.
void drop_calls_before_exec(std::vector<KernelCall>& calls) {
  constexpr std::int64_t kExecve = 59;
  const auto exec = std::find_if(calls.begin(), calls.end(),
                                 [](const KernelCall& call) { return call.nr == kExecve; });
  calls.erase(calls.begin(), exec);
}

void expect_complete(std::vector<std::string> command, int expected_status) {
  auto recording = KernelRecording::start();
  if (!recording.ok()) {
    GTEST_SKIP() << "no kernel-side recording here: " << recording.error().what;
  }
  const Trace trace = trace_program(std::move(command));
  auto recorded = recording.value()->stop();
  ASSERT_TRUE(recorded.ok()) << recorded.error().what;
  ASSERT_TRUE(trace.end.ok()) << trace.end.error().what;
  EXPECT_EQ(trace.end.value().shell_status(), expected_status);
  EXPECT_EQ(broken_rule(trace), "");

  KernelCalls kernel = std::move(recorded).value();
  const auto starts = all_of<raw::TaskStarted>(trace);
  ASSERT_FALSE(starts.empty());
  drop_calls_before_exec(kernel[starts.front().body->tid]);
  const auto ours = calls_by_tid(trace);
  std::size_t compared = 0;
  for (const auto& [tid, calls] : kernel) {
    const auto mine = ours.find(tid);
    if (mine == ours.end()) {
      ADD_FAILURE() << "task " << tid.value << " with " << calls.size() << " calls is missing";
      continue;
    }
    EXPECT_EQ(difference(mine->second, calls), "") << "in task " << tid.value;
    compared += calls.size();
  }
  for (const auto& [tid, calls] : ours) {
    EXPECT_TRUE(kernel.count(tid) != 0 || calls.size() == 1)
        << "the kernel knows nothing of task " << tid.value;
  }
  EXPECT_GT(compared, 10U);
  testing::Test::RecordProperty("compared_calls", static_cast<int>(compared));
}

bool is_installed(const std::string& name) {
  return ptrace::find_program(name, {fmt::format("PATH={}", std::getenv("PATH"))}).ok();
}

TEST(Completeness, ThreadsThatEndInAnExec) { expect_complete({program("thread_exec")}, 5); }

TEST(Completeness, ManyThreads) { expect_complete({program("many_threads")}, 0); }

TEST(Completeness, ManyChildren) { expect_complete({program("fork_storm"), "100"}, 0); }

TEST(Completeness, RestartedCalls) { expect_complete({program("restarted_calls")}, 0); }

TEST(Completeness, Signals) { expect_complete({program("signal_details")}, 0); }

TEST(Completeness, UnshareCommand) {
  if (!is_installed("unshare") || geteuid() != 0) {
    GTEST_SKIP() << "needs unshare(1) and root";
  }
  expect_complete({"unshare", "-Urpf", "--mount-proc", "true"}, 0);
}

TEST(Completeness, Bubblewrap) {
  if (!is_installed("bwrap")) {
    GTEST_SKIP() << "bwrap is not installed";
  }
  expect_complete({"bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"}, 0);
}

class RuntimeCompleteness : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "needs root";
    }
    auto made = Bundle::make({"/bin/busybox", "true"});
    if (!made.ok()) {
      GTEST_SKIP() << "no bundle: " << made.error().what;
    }
    bundle_ = std::move(made).value();
  }

  std::unique_ptr<Bundle> bundle_;
};

TEST_F(RuntimeCompleteness, Runc) {
  if (!is_installed("runc")) {
    GTEST_SKIP() << "runc is not installed";
  }
  expect_complete({"runc", "--root", bundle_->state(), "run", "-b", bundle_->path(), "complete-1"},
                  0);
}

TEST_F(RuntimeCompleteness, Crun) {
  if (!is_installed("crun")) {
    GTEST_SKIP() << "crun is not installed";
  }
  // crun refuses hosts with both cgroup versions mounted; hide the second from it.
  expect_complete({"unshare", "-m", "--propagation", "private", "sh", "-c",
                   "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\"", "sh", "crun", "--root",
                   bundle_->state(), "run", "-b", bundle_->path(), "complete-2"},
                  0);
}

TEST_F(RuntimeCompleteness, Boxrun) {
  const std::string boxrun = BOXTRACE_BINARY_DIR "/runtime/boxrun";
  if (access(boxrun.c_str(), X_OK) != 0) {
    GTEST_SKIP() << "boxrun is not built";
  }
  expect_complete(
      {boxrun, "--root", bundle_->state(), "run", "--bundle", bundle_->path(), "complete-3"}, 0);
}

}  // namespace
}  // namespace boxtrace::test
