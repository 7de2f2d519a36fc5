#include "runtime/commands/foreground.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "runtime/aliases.h"
#include "runtime/commands/relay.h"
#include "tracer/os/fd.h"

namespace boxrun::commands {

SignalBlock::SignalBlock(bool active) : active_(active) {
  if (active_) {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before_);
  }
}

SignalBlock::~SignalBlock() {
  if (active_) {
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
}

namespace {

/// The exit status of `program`, once it is there. Others that have ended are reaped.
std::optional<int> reap(pid_t program) {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid == program) {
      return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
  }
  if (pid < 0 && errno == ECHILD) {
    return 1;  // somebody else has reaped it, which only a debugger can
  }
  return std::nullopt;
}

/// A signal of the terminal goes to the whole foreground process group; the program has left it
/// with setsid(2), so it too is passed on.
void pass_on(pid_t program, const os::UniqueFd& signals, Relay* relay) {
  signalfd_siginfo arrived{};
  if (::read(signals.get(), &arrived, sizeof arrived) != static_cast<ssize_t>(sizeof arrived)) {
    return;
  }
  const int number = static_cast<int>(arrived.ssi_signo);
  if (number == SIGWINCH && relay != nullptr) {
    relay->copy_size();  // the kernel sends the signal inside
  } else if (number != SIGCHLD && number != SIGPIPE) {
    ::kill(program, number);
  }
}

}  // namespace

int wait_in_foreground(pid_t program, Relay* relay) {
  sigset_t all;
  ::sigfillset(&all);
  const os::UniqueFd signals{::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK)};
  for (;;) {
    if (const auto status = reap(program)) {
      if (relay != nullptr) {
        relay->finish();
      }
      return *status;
    }
    std::array<pollfd, 3> waits = {pollfd{signals.get(), POLLIN, 0}, pollfd{-1, 0, 0},
                                   pollfd{-1, 0, 0}};
    if (relay != nullptr) {
      const auto wishes = relay->wishes();
      waits = {waits[0], wishes[0], wishes[1]};
    }
    if (::poll(waits.data(), waits.size(), relay != nullptr ? relay->patience_ms() : -1) < 0) {
      continue;
    }
    if (waits[0].revents != 0) {
      pass_on(program, signals, relay);
    }
    if (relay != nullptr) {
      relay->carry({waits[1], waits[2]});
    }
  }
}

}  // namespace boxrun::commands
