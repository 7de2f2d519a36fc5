#include "runtime/commands/foreground.h"

#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <optional>

#include "runtime/aliases.h"
#include "runtime/commands/notify.h"
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

constexpr int kShortLife = 100;  ///< milliseconds; a program that ends sooner is not worth it

/// boxrun may stay for days to do nothing. Gives back what making the container took: free heap,
/// and the pages of programs and libraries, which the kernel has in its cache and maps again at
/// need.
void shed_memory() {
  ::malloc_trim(0);
  ::dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void*) {
        for (int i = 0; i < object->dlpi_phnum; ++i) {
          const auto& part = object->dlpi_phdr[i];
          if (part.p_type == PT_LOAD && (part.p_flags & PF_W) == 0) {
            const auto page = static_cast<std::uintptr_t>(::getpagesize());
            const std::uintptr_t start = (object->dlpi_addr + part.p_vaddr) & ~(page - 1);
            const std::uintptr_t end = object->dlpi_addr + part.p_vaddr + part.p_memsz;
            ::madvise(reinterpret_cast<void*>(start), end - start, MADV_DONTNEED);
          }
        }
        return 0;
      },
      nullptr);
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

int wait_in_foreground(pid_t program, Relay* relay, Notifier* notifier) {
  sigset_t all;
  ::sigfillset(&all);
  const os::UniqueFd signals{::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK)};
  bool has_shed = false;
  for (;;) {
    if (const auto status = reap(program)) {
      if (relay != nullptr) {
        relay->finish();
      }
      return *status;
    }
    constexpr pollfd kNothing{-1, 0, 0};
    const auto wishes = relay != nullptr ? relay->wishes() : std::array{kNothing, kNothing};
    std::array<pollfd, 4> waits = {pollfd{signals.get(), POLLIN, 0}, wishes[0], wishes[1],
                                   notifier != nullptr ? notifier->wish() : kNothing};
    const int patience = relay != nullptr ? relay->patience_ms() : -1;
    const bool may_shed = !has_shed && (patience < 0 || patience > kShortLife);
    const int ready = ::poll(waits.data(), waits.size(), may_shed ? kShortLife : patience);
    if (ready == 0 && may_shed) {
      shed_memory();
      has_shed = true;
    }
    if (ready < 0) {
      continue;
    }
    if (waits[0].revents != 0) {
      pass_on(program, signals, relay);
    }
    if (relay != nullptr) {
      relay->carry({waits[1], waits[2]});
    }
    if (waits[3].revents != 0) {
      notifier->carry(::getpid());
    }
  }
}

}  // namespace boxrun::commands
