#include "runtime/commands/console.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "runtime/commands/relay.h"
#include "runtime/exec/fd_passing.h"
#include "tracer/os/file.h"

namespace boxrun::commands {

Result<Console> Console::open(const ConsoleRequest& request) {
  Console console;
  if (request.terminal && request.detached && request.socket.empty()) {
    return Error{0, "/process/terminal: there is nobody to talk to the terminal",
                 "give --console-socket, or stay with the container (run without --detach)"};
  }
  if (!request.socket.empty() && !(request.terminal && request.detached)) {
    return Error{0, "--console-socket: there is no terminal to send there",
                 request.terminal
                     ? "boxrun talks to the terminal itself when it stays with the program"
                     : "set /process/terminal, or leave the option out"};
  }
  if (!request.socket.empty()) {
    auto connected = exec::connect_socket(request.socket);
    if (!connected.ok()) {
      return std::move(connected).error().within("--console-socket");
    }
    console.route_.socket = std::move(connected).value();
  } else if (request.terminal) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      return os::errno_error("socketpair(AF_UNIX, SOCK_SEQPACKET)");
    }
    console.route_ = {os::UniqueFd{ends[0]}, /*plain_newlines=*/true, read_terminal_size()};
    console.receiver_ = os::UniqueFd{ends[1]};
  }
  return console;
}

Result<os::UniqueFd> Console::receive_master() const {
  return receiver_ ? exec::receive_descriptor(receiver_) : Result<os::UniqueFd>{os::UniqueFd{}};
}

void Console::show_last_words() const {
  pollfd wait{receiver_.get(), POLLIN, 0};
  // Init may not have come as far as to send it.
  if (!receiver_ || ::poll(&wait, 1, 0) != 1 || (wait.revents & POLLIN) == 0) {
    return;
  }
  const auto master = receive_master();
  if (master.ok()) {
    copy_rest(master.value(), os::BorrowedFd{STDERR_FILENO});
  }
}

}  // namespace boxrun::commands
