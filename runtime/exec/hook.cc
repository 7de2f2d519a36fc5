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
#include <vector>

#include "runtime/aliases.h"
#include "runtime/exec/signals.h"
#include "tracer/os/argv.h"
#include "tracer/os/fd.h"

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
                              int state_input, int error_output,
                              const std::function<Outcome()>& confine) {
  reset_signals();
  Outcome outcome = Outcome::done();
  if (::dup2(state_input, STDIN_FILENO) < 0) {
    outcome = Outcome::refused(errno, "dup2(state) for hook %s", hook.path.c_str());
  } else {
    // Descriptors of ours are closed on exec; those that the caller leaked into boxrun are not.
    ::syscall(SYS_close_range, 3U, ~0U, 1U << 2 /* CLOSE_RANGE_CLOEXEC */);
    outcome = confine ? confine() : Outcome::done();
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

Outcome run_hook(const config::Hook& hook, std::string_view before_pid, int pid,
                 std::string_view after_pid, char* const* inherited,
                 const std::function<Outcome()>& confine) {
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
    become_hook(hook, args.data(), hook.env ? own_env.data() : inherited, state_read.get(),
                failure_write.get(), confine);
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
  std::snprintf(number.data(), number.size(), "%d", pid);
  write_text(state_write.get(), before_pid);
  write_text(state_write.get(), number.data());
  write_text(state_write.get(), after_pid);
  state_write.reset();
  return wait_for_hook(hook, child);
}

}  // namespace boxrun::exec
