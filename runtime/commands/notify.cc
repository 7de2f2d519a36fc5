#include "runtime/commands/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "runtime/exec/fd_passing.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

constexpr const char* kInside = "/run/notify";
constexpr const char* kSocket = "notify.sock";
constexpr int kBarrierPatience = 30'000;  ///< milliseconds; a manager may not know BARRIER=1

const char* host_address() { return std::getenv("NOTIFY_SOCKET"); }

bool says_ready(std::string_view message) {
  const auto lines = base::split(message, '\n');
  return std::ranges::find(lines, "READY=1") != lines.end();
}

Result<void> connect_to_manager(os::BorrowedFd socket) {
  std::string path = host_address();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path || (path.front() != '/' && path.front() != '@')) {
    return Error{
        0, fmt::format("NOTIFY_SOCKET: {} is no address of a Unix socket", base::quote(path)), {}};
  }
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  if (path.front() == '@') {
    path.front() = '\0';  // an abstract address, which no file stands for
  }
  std::ranges::copy(path, address.sun_path);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    return os::errno_error(fmt::format("NOTIFY_SOCKET: connect({})", base::quote(host_address())),
                           "unset NOTIFY_SOCKET if no service manager waits");
  }
  return {};
}

}  // namespace

bool is_notify_wanted() { return host_address() != nullptr && *host_address() != '\0'; }

void show_notify_socket(config::Config& config, const std::string& directory) {
  config::Mount mount;
  mount.destination = kInside;
  mount.type = "bind";
  mount.source = directory;
  mount.option_words = {"bind", "nosuid", "noexec", "nodev", "ro"};
  mount.options.set_flags = MS_BIND | MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY;
  config.mounts.push_back(std::move(mount));
  std::erase_if(config.process.env,
                [](const std::string& variable) { return variable.starts_with("NOTIFY_SOCKET="); });
  config.process.env.push_back(fmt::format("NOTIFY_SOCKET={}/{}", kInside, kSocket));
}

Result<void> make_notify_directory(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
    return os::errno_error(fmt::format("mkdir({})", base::quote(directory)));
  }
  return {};
}

Result<Notifier> Notifier::open(const std::string& directory) {
  Notifier notifier;
  notifier.socket_ = os::UniqueFd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  notifier.host_ = os::UniqueFd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!notifier.socket_ || !notifier.host_) {
    return os::errno_error("socket(AF_UNIX, SOCK_DGRAM)");
  }
  TRY_OK(connect_to_manager(notifier.host_));
  // By the descriptor of the directory: the path may be longer than an address.
  TRY(const os::UniqueFd place, os::open_file(directory, O_PATH | O_DIRECTORY));
  const std::string path = fmt::format("/proc/self/fd/{}/{}", place.get(), kSocket);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, address.sun_path);
  if (::bind(notifier.socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
          0 ||
      // The program may be any user.
      ::fchmodat(place.get(), kSocket, 0777, 0) != 0) {
    return os::errno_error(fmt::format("bind({}/{})", base::quote(directory), kSocket));
  }
  return notifier;
}

bool Notifier::send(std::string_view text, int descriptor) const {
  const std::span<const int> along{&descriptor, descriptor >= 0 ? std::size_t{1} : 0};
  return exec::send_with_descriptors(host_, text, along);
}

void Notifier::carry(pid_t main_process) {
  std::array<char, 4096> buffer{};
  const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (got <= 0 || !says_ready({buffer.data(), static_cast<std::size_t>(got)})) {
    return;
  }
  static_cast<void>(send("READY=1\n"));
  static_cast<void>(send(fmt::format("MAINPID={}\n", main_process)));
  socket_.reset();
}

/// With the last copy of the pipe's end the manager closes what it has been told.
void Notifier::await_barrier() const {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return;
  }
  const os::UniqueFd read_end{ends[0]};
  os::UniqueFd write_end{ends[1]};
  if (send("BARRIER=1", write_end.get())) {
    write_end.reset();
    pollfd wait{read_end.get(), 0, 0};  // POLLHUP
    while (::poll(&wait, 1, kBarrierPatience) < 0 && errno == EINTR) {
    }
  }
}

void Notifier::await(pid_t init) {
  const os::UniqueFd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, init, 0))};
  while (socket_ && pidfd) {
    std::array<pollfd, 2> waits = {wish(), pollfd{pidfd.get(), POLLIN, 0}};
    if (::poll(waits.data(), waits.size(), -1) < 0) {
      continue;
    }
    if (waits[0].revents != 0) {
      carry(init);
    } else if (waits[1].revents != 0) {
      return;  // it has ended without a word
    }
  }
  await_barrier();
}

}  // namespace boxrun::commands
