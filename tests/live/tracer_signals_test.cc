// What becomes of tracees when the tracer itself is signalled or killed. The tracer runs in a
// process of its own here.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "tests/live/programs.h"
#include "tests/support/trace_program.h"
#include "tracer/base/procfs_text.h"
#include "tracer/base/text.h"
#include "tracer/os/fd.h"
#include "tracer/os/file.h"

namespace boxtrace::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{5000};

bool becomes_true(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) {
      return true;
    }
    std::this_thread::sleep_for(milliseconds{5});
  }
  return condition();
}

std::optional<std::string> status_of(pid_t pid, const char* field) {
  const auto text = os::read_file("/proc/" + std::to_string(pid) + "/status");
  const auto value = text.ok() ? base::parse_status_field(text.value(), field) : std::nullopt;
  return value ? std::optional{std::string{*value}} : std::nullopt;
}

/// The child processes of a process, its threads' included, that run the program `comm`.
std::optional<pid_t> descendant_running(const std::string& comm, pid_t tracer) {
  const auto names = os::list_directory("/proc");
  for (const std::string& name : names.ok() ? names.value() : std::vector<std::string>{}) {
    const auto pid = base::parse_i64(name);
    if (pid && status_of(static_cast<pid_t>(*pid), "Name") == comm &&
        status_of(static_cast<pid_t>(*pid), "TracerPid") == std::to_string(tracer)) {
      return static_cast<pid_t>(*pid);
    }
  }
  return std::nullopt;
}

/// A tracer in a process of its own; its exit status is that of the command, or 125.
pid_t start_tracer(std::vector<std::string> command) {
  const pid_t tracer = fork();
  if (tracer == 0) {
    const Trace trace = trace_program(std::move(command));
    const bool is_broken = trace.end.ok() && !broken_rule(trace).empty();
    _exit(!trace.end.ok() || is_broken ? 125 : trace.end.value().shell_status());
  }
  return tracer;
}

int exit_status_of(pid_t tracer) {
  int status = 0;
  pid_t ended = 0;
  if (!becomes_true([&] { return (ended = waitpid(tracer, &status, WNOHANG)) != 0; })) {
    kill(tracer, SIGKILL);
    waitpid(tracer, &status, 0);
    return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(TracerSignals, SigtermGoesToTheCommand) {
  const pid_t tracer = start_tracer({"sleep", "30"});
  ASSERT_TRUE(becomes_true([&] { return descendant_running("sleep", tracer).has_value(); }));
  kill(tracer, SIGTERM);
  EXPECT_EQ(exit_status_of(tracer), 128 + SIGTERM);
}

TEST(TracerSignals, CommandThatHandlesTheSignalDecides) {
  const pid_t tracer =
      start_tracer({"sh", "-c", "trap 'exit 33' TERM; while :; do sleep 0.05; done"});
  ASSERT_TRUE(becomes_true([&] { return descendant_running("sleep", tracer).has_value(); }));
  kill(tracer, SIGTERM);
  EXPECT_EQ(exit_status_of(tracer), 33);
}

TEST(TracerSignals, DaemonsAreLetGoOnceTheCommandIsGone) {
  const pid_t tracer = start_tracer({"sh", "-c", "sleep 31 & exit 4"});
  std::optional<pid_t> daemon;
  ASSERT_TRUE(becomes_true([&] {
    daemon = descendant_running("sleep", tracer);
    return daemon && status_of(*daemon, "PPid") != std::nullopt &&
           !descendant_running("sh", tracer);
  }));
  kill(tracer, SIGTERM);
  EXPECT_EQ(exit_status_of(tracer), 4);
  EXPECT_EQ(status_of(*daemon, "TracerPid"), "0");
  EXPECT_TRUE(becomes_true([&] { return status_of(*daemon, "State") == "S (sleeping)"; }))
      << status_of(*daemon, "State").value_or("gone");
  kill(*daemon, SIGKILL);
}

TEST(TracerSignals, StoppedDaemonStaysStoppedWhenLetGo) {
  const pid_t tracer = start_tracer({"sh", "-c", "sleep 32 & kill -STOP $!; exit 4"});
  std::optional<pid_t> daemon;
  ASSERT_TRUE(becomes_true([&] {
    daemon = descendant_running("sleep", tracer);
    if (!daemon) {
      daemon = descendant_running("sh", tracer);  // stopped before its exec
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
  const pid_t tracer =
      start_tracer({"sh", "-c", "i=0; while [ $i -lt 100000 ]; do kill -0 $$; i=$((i+1)); done"});
  std::optional<pid_t> command;
  ASSERT_TRUE(becomes_true([&] {
    command = descendant_running("sh", tracer);
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
