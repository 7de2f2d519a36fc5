// What becomes of tracees when the tracer itself is signalled or killed. The tracer runs in a
// process of its own here.

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/live/processes.h"
#include "tests/live/programs.h"

namespace boxtrace::test {
namespace {

using std::chrono::milliseconds;

pid_t start_tracer_of(std::vector<std::string> command) {
  ptrace::LaunchOptions options;
  options.command = std::move(command);
  return start_tracer(options);
}

TEST(TracerSignals, SigtermGoesToTheCommand) {
  const pid_t tracer = start_tracer_of({"sleep", "30"});
  ASSERT_TRUE(becomes_true([&] { return tracee_running("sleep", tracer).has_value(); }));
  kill(tracer, SIGTERM);
  EXPECT_EQ(exit_status_of(tracer), 128 + SIGTERM);
}

TEST(TracerSignals, CommandThatHandlesTheSignalDecides) {
  const pid_t tracer =
      start_tracer_of({"sh", "-c", "trap 'exit 33' TERM; while :; do sleep 0.05; done"});
  ASSERT_TRUE(becomes_true([&] { return tracee_running("sleep", tracer).has_value(); }));
  kill(tracer, SIGTERM);
  EXPECT_EQ(exit_status_of(tracer), 33);
}

TEST(TracerSignals, DaemonsAreLetGoOnceTheCommandIsGone) {
  const pid_t tracer = start_tracer_of({"sh", "-c", "sleep 31 & exit 4"});
  std::optional<pid_t> daemon;
  ASSERT_TRUE(becomes_true([&] {
    daemon = tracee_running("sleep", tracer);
    return daemon && status_of(*daemon, "PPid") != std::nullopt && !tracee_running("sh", tracer);
  }));
  kill(tracer, SIGTERM);
  EXPECT_EQ(exit_status_of(tracer), 4);
  EXPECT_EQ(status_of(*daemon, "TracerPid"), "0");
  EXPECT_TRUE(becomes_true([&] { return status_of(*daemon, "State") == "S (sleeping)"; }))
      << status_of(*daemon, "State").value_or("gone");
  kill(*daemon, SIGKILL);
}

TEST(TracerSignals, StoppedDaemonStaysStoppedWhenLetGo) {
  const pid_t tracer = start_tracer_of({"sh", "-c", "sleep 32 & kill -STOP $!; exit 4"});
  std::optional<pid_t> daemon;
  ASSERT_TRUE(becomes_true([&] {
    daemon = tracee_running("sleep", tracer);
    if (!daemon) {
      daemon = tracee_running("sh", tracer);  // stopped before its exec
    }
    return daemon && status_of(*daemon, "State") == "t (tracing stop)" &&
           status_of(*daemon, "PPid") != std::to_string(tracer);
  }));
  std::this_thread::sleep_for(milliseconds{100});
  kill(tracer, SIGTERM);
  EXPECT_EQ(exit_status_of(tracer), 4);
  EXPECT_TRUE(becomes_true([&] { return status_of(*daemon, "State") == "T (stopped)"; }))
      << status_of(*daemon, "State").value_or("gone");
  kill(*daemon, SIGKILL);
}

TEST(TracerSignals, KilledTracerLeavesARunningCommand) {
  const pid_t tracer = start_tracer_of(
      {"sh", "-c", "i=0; while [ $i -lt 100000 ]; do kill -0 $$; i=$((i+1)); done"});
  std::optional<pid_t> command;
  ASSERT_TRUE(becomes_true([&] {
    command = tracee_running("sh", tracer);
    return command.has_value();
  }));
  kill(tracer, SIGKILL);
  EXPECT_EQ(exit_status_of(tracer), 1000 + SIGKILL);
  EXPECT_TRUE(becomes_true([&] {
    const auto state = status_of(*command, "State");
    return !state || *state == "R (running)";
  })) << status_of(*command, "State").value_or("gone");
  EXPECT_NE(status_of(*command, "TracerPid").value_or("0"), std::to_string(tracer));
  kill(*command, SIGKILL);
}

}  // namespace
}  // namespace boxtrace::test
