#include "runtime/exec/channel.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "runtime/exec/fd_passing.h"
#include "tracer/os/file.h"

namespace boxrun::exec {

Result<ChannelPair> make_channel() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return os::errno_error("socketpair(AF_UNIX, SOCK_SEQPACKET)");
  }
  return ChannelPair{os::UniqueFd{ends[0]}, os::UniqueFd{ends[1]}};
}

bool send_message(os::BorrowedFd channel, const Message& message,
                  std::span<const int> descriptors) {
  return send_with_descriptors(channel, {reinterpret_cast<const char*>(&message), sizeof message},
                               descriptors);
}

Receipt receive_message(os::BorrowedFd channel, Message& message,
                        std::span<os::UniqueFd> descriptors) {
  const ssize_t got = receive_with_descriptors(
      channel, {reinterpret_cast<char*>(&message), sizeof message}, descriptors);
  if (got == 0 || (got < 0 && errno == ECONNRESET)) {
    return Receipt::Closed;
  }
  if (got != static_cast<ssize_t>(sizeof message) || message.kind > MessageKind::Proceed) {
    return Receipt::Broken;
  }
  // The texts come from a process that may have been damaged: they end where we say.
  message.call.back() = '\0';
  message.hint.back() = '\0';
  return Receipt::Got;
}

}  // namespace boxrun::exec
