#include "tracer/cli/front.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <tuple>

#include "tracer/cli/output.h"
#include "tracer/cli/verbs.h"
#include "tracer/os/fd.h"
#include "tracer/ptrace/engine.h"

namespace boxtrace::cli {
namespace {

volatile pid_t g_tracer = 0;

void pass_on(int signal, siginfo_t* details, void* /*context*/) {
  ptrace::pass_signal_to_tracer(g_tracer, signal, *details);
}

void pass_signals_on() {
  struct sigaction action {};
  action.sa_sigaction = pass_on;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  for (const int signal : ptrace::relayed_signals()) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) {
      ::sigaction(signal, &action, nullptr);
    }
  }
}

/// Lets go of all that others could wait for, or could want to be rid of.
void become_keeper(int report) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGPIPE}) {
    std::signal(signal, SIG_IGN);
  }
  os::give_up({STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
  // What the caller had open, such as the pipe by which a script waits for our end.
  constexpr unsigned kFirst = STDERR_FILENO + 1;
  const auto mine = static_cast<unsigned>(report);
  if (mine > kFirst) {
    ::close_range(kFirst, mine - 1, 0);
  }
  ::close_range(mine + 1, ~0U, 0);
  std::ignore = ::chdir("/");
  ::prctl(PR_SET_NAME, "boxtrace-keeper", 0, 0, 0);
}

void report(int pipe, const Ending& ending) {
  std::ignore = ::write(pipe, &ending, sizeof(ending));  // the front may be gone
  ::close(pipe);
}

[[noreturn]] void be_tracer(int pipe, pid_t front, const FrontLink& link,
                            const std::function<Ending(const FrontLink&)>& work) {
  // Until the engine has a handler for it, the default is to die with the front.
  ::prctl(PR_SET_PDEATHSIG, ptrace::kFrontIsGone, 0, 0, 0);
  if (::getppid() != front) {
    ::_exit(kToolFailure);
  }
  ::setpgid(0, 0);
  const Ending ending = work(link);
  if (ending.keeps) {
    become_keeper(pipe);
    report(pipe, ending);
    ptrace::keep_released_tasks();
  } else {
    report(pipe, ending);
  }
  ::_exit(0);
}

/// Null if there is no memory: then no task is ever narrowed.
ptrace::NarrowedTask* shared_record() {
  void* const page = ::mmap(nullptr, sizeof(ptrace::NarrowedTask), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? nullptr : new (page) ptrace::NarrowedTask;
}

/// As pid 1 of a pid namespace, or as a subreaper, the front inherits orphans. It has to reap them
/// while the tracer works: the init of a namespace below does not end before all in it are reaped,
/// and the tracer waits for that end. Returns when `pipe` has something to read, or its other end
/// is closed.
void reap_until_readable(int pipe, pid_t tracer) {
  sigset_t only_children;
  sigset_t before;
  sigemptyset(&only_children);
  sigaddset(&only_children, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &only_children, &before);
  std::signal(SIGCHLD, [](int) {});  // ppoll(2) is to be interrupted
  sigset_t while_waiting = before;
  sigdelset(&while_waiting, SIGCHLD);
  pollfd readable{pipe, POLLIN, 0};
  do {
    siginfo_t ended{};
    while (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid != 0 &&
           ended.si_pid != tracer) {
      ::waitpid(ended.si_pid, nullptr, 0);
      ended.si_pid = 0;
    }
  } while (::ppoll(&readable, 1, nullptr, &while_waiting) < 0 && errno == EINTR);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

Ending read_ending(int pipe, pid_t tracer, const FrontLink& link) {
  reap_until_readable(pipe, tracer);
  Ending ending;
  ssize_t got = 0;
  do {
    got = ::read(pipe, &ending, sizeof(ending));
  } while (got < 0 && errno == EINTR);
  const bool is_whole = got == static_cast<ssize_t>(sizeof(ending));
  if (is_whole && ending.keeps) {
    return ending;
  }
  int status = 0;
  while (::waitpid(tracer, &status, 0) < 0 && errno == EINTR) {
  }
  if (!is_whole) {
    if (link.narrowed != nullptr) {
      ptrace::widen_after_death(*link.narrowed);
    }
    const std::string how =
        WIFSIGNALED(status) ? fmt::format("was killed by SIG{}", ::sigabbrev_np(WTERMSIG(status)))
                            : "ended early";
    print_error({0, "the tracer " + how + ", and with it all that had its filter of calls", ""});
    return {kToolFailure, 0, false};
  }
  return ending;
}

}  // namespace

Ending run_behind_front(const std::function<Ending(const FrontLink&)>& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    print_error({errno, "pipe2()", ""});
    return {kToolFailure, 0, false};
  }
  const os::UniqueFd reader{ends[0]};
  os::UniqueFd writer{ends[1]};
  const pid_t front = ::getpid();
  const FrontLink link{::getpgrp(), shared_record()};
  const pid_t tracer = ::fork();
  if (tracer < 0) {
    print_error({errno, "fork()", ""});
    return {kToolFailure, 0, false};
  }
  if (tracer == 0) {
    be_tracer(writer.get(), front, link, work);
  }
  writer.reset();
  os::give_up({STDIN_FILENO, STDOUT_FILENO});  // the command's, as in the tracer
  g_tracer = tracer;
  pass_signals_on();
  return read_ending(reader.get(), tracer, link);
}

}  // namespace boxtrace::cli
