#include "runtime/exec/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/exec/signals.h"
#include "tracer/os/argv.h"
#include "tracer/os/file.h"

namespace boxrun::exec {
namespace {

using steps::Outcome;

Outcome refuse_hook(int err, const char* path) {
  return Outcome::refused(err, "execve(hook \"%s\")", path)
      .hint("%s", err == ENOENT ? "hooks are programs of the host, except startContainer's, and a "
                                  "script needs its interpreter"
                  : err == EACCES ? "the hook needs execute permission"
                  : err == ENOEXEC
                      ? "no program of this machine's architecture, nor a script with a #! line"
                      : "");
}

/// Becomes the program, or tells why not: an Outcome goes through a pipe as it is.
[[noreturn]] void become_hook(const config::Hook& hook, char* const* args, char* const* env,
                              const HookRun& run, int state_input, int error_output) {
  reset_signals();
  Outcome outcome = Outcome::done();
  const HookOutput& output = run.output;
  if (::dup2(state_input, STDIN_FILENO) < 0 ||
      (output.out && ::dup2(output.out.get(), STDOUT_FILENO) < 0) ||
      (output.err && ::dup2(output.err.get(), STDERR_FILENO) < 0)) {
    outcome = Outcome::refused(errno, "dup2() for hook %s", hook.path.c_str());
  } else {
    // Descriptors of ours are closed on exec; those that the caller leaked into boxrun are not.
    ::syscall(SYS_close_range, 3U, ~0U, 1U << 2 /* CLOSE_RANGE_CLOEXEC */);
    outcome = run.confine ? run.confine() : Outcome::done();
  }
  if (!outcome.failed()) {
    ::execve(hook.path.c_str(), args, env);
    outcome = refuse_hook(errno, hook.path.c_str());
  }
  static_cast<void>(!::write(error_output, &outcome, sizeof outcome));
  ::_exit(127);
}
static_assert(sizeof(Outcome) <= PIPE_BUF && std::is_trivially_copyable_v<Outcome>);

/// SIGPIPE is ignored throughout boxrun and init, so a hook that does not read its state is EPIPE.
void write_text(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) {
      continue;
    }
    if (put <= 0) {
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(put));
  }
}

Outcome wait_for_hook(const config::Hook& hook, pid_t pid) {
  const char* path = hook.path.c_str();
  const os::UniqueFd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (hook.timeout_seconds && pidfd) {
    pollfd wait{pidfd.get(), POLLIN, 0};
    const int ready = ::poll(&wait, 1, *hook.timeout_seconds * 1000);
    if (ready == 0) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      return Outcome::refused(ETIMEDOUT, "hook %s ran longer than its timeout of %d s", path,
                              *hook.timeout_seconds);
    }
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) {
      return Outcome::refused(errno, "waitpid(hook %s)", path);
    }
  }
  if (WIFSIGNALED(status)) {
    return Outcome::refused(0, "hook %s was killed by SIG%s", path, sigabbrev_np(WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) != 0) {
    return Outcome::refused(0, "hook %s ended with status %d", path, WEXITSTATUS(status));
  }
  return Outcome::done();
}

}  // namespace

Result<HookOutput> open_hook_output(const std::map<std::string, std::string>& annotations) {
  HookOutput output;
  for (const auto& [key, fd] : {std::pair{"run.oci.hooks.stdout", &output.out},
                                std::pair{"run.oci.hooks.stderr", &output.err}}) {
    const auto found = annotations.find(key);
    if (found == annotations.end()) {
      continue;
    }
    auto opened = os::open_file(found->second, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (!opened.ok()) {
      return std::move(opened).error().within(std::string{"/annotations/"} + key);
    }
    *fd = std::move(opened).value();
  }
  return output;
}

Outcome run_hook(const config::Hook& hook, const HookRun& run) {
  const char* path = hook.path.c_str();
  std::array<int, 2> state{};
  std::array<int, 2> failure{};
  if (::pipe2(state.data(), O_CLOEXEC) != 0 || ::pipe2(failure.data(), O_CLOEXEC) != 0) {
    return Outcome::refused(errno, "pipe2() for hook %s", path);
  }
  os::UniqueFd state_read{state[0]};
  os::UniqueFd state_write{state[1]};
  os::UniqueFd failure_read{failure[0]};
  os::UniqueFd failure_write{failure[1]};
  std::vector<std::string> arguments = hook.args;
  if (arguments.empty()) {
    arguments.push_back(hook.path);
  }
  const auto args = os::make_argv(arguments);
  std::vector<char*> own_env;
  if (hook.env) {
    own_env = os::make_argv(*hook.env);
  }
  const pid_t child = ::fork();
  if (child < 0) {
    return Outcome::refused(errno, "fork() for hook %s", path);
  }
  if (child == 0) {
    become_hook(hook, args.data(), hook.env ? own_env.data() : run.inherited, run, state_read.get(),
                failure_write.get());
  }
  state_read.reset();
  failure_write.reset();
  Outcome refusal = Outcome::done();
  if (::read(failure_read.get(), &refusal, sizeof refusal) ==
      static_cast<ssize_t>(sizeof refusal)) {
    ::waitpid(child, nullptr, 0);
    return refusal;
  }
  std::array<char, 16> number{};
  std::snprintf(number.data(), number.size(), "%d", run.pid);
  write_text(state_write.get(), run.before_pid);
  write_text(state_write.get(), number.data());
  write_text(state_write.get(), run.after_pid);
  state_write.reset();
  return wait_for_hook(hook, child);
}

}  // namespace boxrun::exec
