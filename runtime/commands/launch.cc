#include "runtime/commands/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/commands/foreground.h"
#include "runtime/commands/relay.h"
#include "runtime/exec/fd_passing.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

Result<void> write_pid_file(const std::string& path, pid_t pid) {
  // By rename: who waits for the file must not read half a number.
  const std::string fresh = path + ".new";
  TRY_OK(os::write_file(fresh, std::to_string(pid)).within("--pid-file"));
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    return os::errno_error(fmt::format("--pid-file: rename({})", base::quote(path)));
  }
  return {};
}

Result<void> send_pidfd(os::BorrowedFd socket, pid_t pid) {
  const os::UniqueFd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (!pidfd) {
    return os::errno_error(fmt::format("--pidfd-socket: pidfd_open({})", pid));
  }
  if (!exec::send_descriptor(socket, pidfd, "pidfd")) {
    return os::errno_error("--pidfd-socket: sendmsg(SCM_RIGHTS)");
  }
  return {};
}

}  // namespace

void add_launch_options(CLI::App& verb, LaunchOptions& options) {
  verb.add_option("--pid-file", options.pid_file, "write the pid of the program there");
  verb.add_option("--console-socket", options.console_socket,
                  "send the master of the terminal over this socket");
  verb.add_option("--pidfd-socket", options.pidfd_socket,
                  "send a pidfd of the program over this socket");
  verb.add_option("--preserve-fds", options.preserve_fds, "descriptors to pass on beyond 0, 1, 2");
}

Result<void> check_preserved(std::uint32_t count) {
  const auto most = static_cast<std::uint32_t>(::sysconf(_SC_OPEN_MAX));
  for (std::uint32_t i = 0; i < count; ++i) {
    const int flags = i < most ? ::fcntl(static_cast<int>(3 + i), F_GETFD) : -1;
    // What boxrun has opened itself closes on exec.
    if (flags < 0 || (flags & FD_CLOEXEC) != 0) {
      return Error{0, fmt::format("--preserve-fds {}: descriptor {} is not open", count, 3 + i),
                   "they are counted from 3 on; the caller of boxrun has to leave them open"};
    }
  }
  return {};
}

Result<Launch> Launch::open(const LaunchOptions& options, bool terminal, bool detached) {
  Launch launch;
  launch.pid_file_ = options.pid_file;
  TRY(launch.console_, Console::open({terminal, detached, options.console_socket}));
  if (!options.pidfd_socket.empty()) {
    auto connected = exec::connect_socket(options.pidfd_socket);
    if (!connected.ok()) {
      return std::move(connected).error().within("--pidfd-socket");
    }
    launch.pidfd_socket_ = std::move(connected).value();
  }
  return launch;
}

Result<void> Launch::announce(pid_t program) const {
  if (pidfd_socket_) {
    TRY_OK(send_pidfd(pidfd_socket_, program));
  }
  return pid_file_.empty() ? Result<void>{} : write_pid_file(pid_file_, program);
}

void Launch::await_ready(pid_t program) {
  if (notifier_) {
    notifier_->await(program);
  }
}

Result<int> Launch::stay(pid_t program) {
  TRY(os::UniqueFd master, console_.receive_master());
  std::optional<Relay> relay;
  if (master) {
    relay.emplace(std::move(master));
  }
  return wait_in_foreground(program, relay ? &*relay : nullptr, notifier_ ? &*notifier_ : nullptr);
}

}  // namespace boxrun::commands
