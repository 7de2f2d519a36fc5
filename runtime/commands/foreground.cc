#include "runtime/commands/foreground.h"

#include <errno.h>
#include <sys/wait.h>

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

int wait_in_foreground(pid_t init) {
  sigset_t all;
  ::sigfillset(&all);
  for (;;) {
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid == init) {
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      }
    }
    if (pid < 0 && errno == ECHILD) {
      return 1;  // somebody else has reaped it, which only a debugger can
    }
    siginfo_t info{};
    const int number = ::sigwaitinfo(&all, &info);
    // A signal of the terminal goes to the whole foreground process group; init has left it with
    // setsid(2), so it too is passed on.
    if (number > 0 && number != SIGCHLD && number != SIGPIPE) {
      ::kill(init, number);
    }
  }
}

}  // namespace boxrun::commands
