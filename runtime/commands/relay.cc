#include "runtime/commands/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

constexpr char kEndOfFile = '\4';  // Ctrl-D

void stop_blocking(os::BorrowedFd fd) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

/// @returns what read(2) does
ssize_t copy_some(os::BorrowedFd master, os::BorrowedFd output) {
  std::array<char, 4096> buffer{};
  const ssize_t got = ::read(master.get(), buffer.data(), buffer.size());
  if (got > 0) {
    // Whoever reads us may have gone; the program must not block on a full terminal for that.
    static_cast<void>(os::write_all(output, {buffer.data(), static_cast<std::size_t>(got)}).ok());
  }
  return got;
}

bool may_have_more(ssize_t got) { return got > 0 || (got < 0 && errno == EINTR); }

}  // namespace

void copy_rest(os::BorrowedFd master, os::BorrowedFd output) {
  stop_blocking(master);
  while (may_have_more(copy_some(master, output))) {
  }
}

std::optional<winsize> read_terminal_size() {
  winsize size{};
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col != 0) {
      return size;
    }
  }
  return std::nullopt;
}

Relay::Relay(os::UniqueFd master) : master_(std::move(master)) {
  stop_blocking(master_);
  termios mode{};
  if (::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &mode) == 0) {
    before_ = mode;
    const tcflag_t output = mode.c_oflag;
    ::cfmakeraw(&mode);
    mode.c_oflag = output;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &mode);
  }
}

Relay::~Relay() {
  if (before_) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &*before_);
  }
}

std::array<pollfd, 2> Relay::wishes() const {
  const bool wants_input = input_open_ && pending_.empty();
  const auto master_events = static_cast<short>(pending_.empty() ? POLLIN : POLLIN | POLLOUT);
  return {pollfd{wants_input ? STDIN_FILENO : -1, POLLIN, 0},
          pollfd{hung_up_ ? -1 : master_.get(), master_events, 0}};
}

void Relay::carry(const std::array<pollfd, 2>& found) {
  const auto& [input, master] = found;
  if (input.fd >= 0 && input.revents != 0) {
    read_input();
  }
  if (!pending_.empty()) {
    write_input();
  }
  if (hung_up_ || (master.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
    copy_output();
  }
}

void Relay::finish() {
  while (copy_output()) {
  }
}

void Relay::copy_size() {
  if (const auto size = read_terminal_size()) {
    ::ioctl(master_.get(), TIOCSWINSZ, &*size);
  }
}

void Relay::read_input() {
  std::array<char, 4096> buffer{};
  const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (got > 0) {
    pending_.assign(buffer.data(), static_cast<std::size_t>(got));
  } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
    input_open_ = false;
    if (!before_) {
      pending_ = kEndOfFile;  // the end of a pipe or file is the end of a terminal's input
    }
  }
}

void Relay::write_input() {
  const ssize_t put = ::write(master_.get(), pending_.data(), pending_.size());
  if (put > 0) {
    pending_.erase(0, static_cast<std::size_t>(put));
  } else if (put < 0 && errno != EAGAIN && errno != EINTR) {
    pending_.clear();
    input_open_ = false;
  }
}

bool Relay::copy_output() {
  const ssize_t got = copy_some(master_, os::BorrowedFd{STDOUT_FILENO});
  hung_up_ = got < 0 && errno == EIO;
  return may_have_more(got);
}

}  // namespace boxrun::commands
