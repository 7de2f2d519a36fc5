#pragma once
// What tests ask of processes that run beside them.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/trace_program.h"
#include "tracer/base/procfs_text.h"
#include "tracer/base/text.h"
#include "tracer/os/argv.h"
#include "tracer/os/file.h"

namespace boxtrace::test {

/// How many times slower than usual this machine is; who emulates one says so in the environment.
[[nodiscard]] inline int slowness() {
  const char* said = std::getenv("BOXTRACE_TEST_SLOWNESS");
  return said == nullptr ? 1 : std::max(1, std::atoi(said));
}

[[nodiscard]] inline std::chrono::milliseconds patience() {
  return std::chrono::seconds{5} * slowness();
}

[[nodiscard]] inline bool becomes_true(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience();
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return condition();
}

/// A field of /proc/PID/status; nothing when the process is gone. `task` may be `PID/task/TID`.
[[nodiscard]] inline std::optional<std::string> status_of(const std::string& task,
                                                          const char* field) {
  const auto text = os::read_file("/proc/" + task + "/status");
  const auto value = text.ok() ? base::parse_status_field(text.value(), field) : std::nullopt;
  return value ? std::optional{std::string{*value}} : std::nullopt;
}
[[nodiscard]] inline std::optional<std::string> status_of(pid_t pid, const char* field) {
  return status_of(std::to_string(pid), field);
}

/// A process that runs the program `comm` and is traced by a thread of `tracer`.
[[nodiscard]] inline std::optional<pid_t> tracee_running(const std::string& comm, pid_t tracer) {
  const auto names = os::list_directory("/proc");
  for (const std::string& name : names.ok() ? names.value() : std::vector<std::string>{}) {
    const auto pid = base::parse_i64(name);
    if (pid && status_of(static_cast<pid_t>(*pid), "Name") == comm &&
        status_of(status_of(static_cast<pid_t>(*pid), "TracerPid").value_or("0"), "Tgid") ==
            std::to_string(tracer)) {
      return static_cast<pid_t>(*pid);
    }
  }
  return std::nullopt;
}

/// A tracer in a process of its own; its exit status is that of the command (0 without one), or
/// 125 when it failed or its trace breaks a rule.
[[nodiscard]] inline pid_t start_tracer(const ptrace::LaunchOptions& options) {
  const pid_t tracer = ::fork();
  if (tracer == 0) {
    const Trace trace = trace_program(options);
    const bool is_broken = trace.end.ok() && !broken_rule(trace).empty();
    ::_exit(!trace.end.ok() || is_broken ? 125 : trace.end.value().shell_status());
  }
  return tracer;
}

/// Starts a program, untraced.
[[nodiscard]] inline pid_t start_program(const std::vector<std::string>& words) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const std::vector<char*> argv = os::make_argv(words);
    ::execvp(argv.front(), argv.data());
    ::_exit(127);
  }
  return pid;
}

/// The exit status, 1000 + the signal that killed it, or -1 if it had to be killed here.
[[nodiscard]] inline int exit_status_of(pid_t child) {
  int status = 0;
  pid_t ended = 0;
  if (!becomes_true([&] { return (ended = ::waitpid(child, &status, WNOHANG)) != 0; })) {
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

}  // namespace boxtrace::test
