#include "runtime/exec/fd_passing.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "tracer/os/file.h"

namespace boxrun::exec {
namespace {

constexpr std::size_t kRightsSpace = CMSG_SPACE(kMostDescriptors * sizeof(int));

}  // namespace

Result<os::UniqueFd> connect_socket(const std::string& path) {
  os::UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!socket) {
    return os::errno_error("socket(AF_UNIX)");
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string short_path = path;
  os::UniqueFd directory;
  if (path.size() >= sizeof address.sun_path) {
    const auto slash = path.rfind('/');
    TRY(directory, os::open_file(path.substr(0, slash + 1), O_PATH | O_DIRECTORY));
    short_path = fmt::format("/proc/self/fd/{}/{}", directory.get(), path.substr(slash + 1));
  }
  if (short_path.size() >= sizeof address.sun_path) {
    return Error{ENAMETOOLONG, fmt::format("connect({})", base::quote(path)), {}};
  }
  std::ranges::copy(short_path, address.sun_path);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return os::errno_error(fmt::format("connect({})", base::quote(path)),
                           errno == ECONNREFUSED ? "nobody listens on this socket" : "");
  }
  return socket;
}

bool send_with_descriptors(os::BorrowedFd socket, std::string_view bytes,
                           std::span<const int> descriptors) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};  // sendmsg(2) only reads
  alignas(cmsghdr) std::array<char, kRightsSpace> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket.get(), &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(bytes.size());
}

ssize_t receive_with_descriptors(os::BorrowedFd socket, std::span<char> bytes,
                                 std::span<os::UniqueFd> descriptors) {
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, kRightsSpace> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  const cmsghdr* rights = got < 0 ? nullptr : CMSG_FIRSTHDR(&message);
  if (rights == nullptr || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) {
    return got;
  }
  for (std::size_t i = 0; i < (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(rights) + i * sizeof number, sizeof number);
    os::UniqueFd received{number};
    if (i < descriptors.size()) {
      descriptors[i] = std::move(received);
    }
  }
  return got;
}

bool send_descriptor(os::BorrowedFd socket, os::BorrowedFd fd, std::string_view name) {
  const int number = fd.get();
  return send_with_descriptors(socket, name, {&number, 1});
}

Result<os::UniqueFd> receive_descriptor(os::BorrowedFd socket) {
  std::array<char, 256> name{};
  std::array<os::UniqueFd, 1> received;
  if (receive_with_descriptors(socket, name, received) < 0) {
    return os::errno_error("recvmsg(SCM_RIGHTS)");
  }
  if (!received.front()) {
    return Error{EPROTO, "recvmsg(SCM_RIGHTS): no descriptor came", {}};
  }
  return std::move(received.front());
}

}  // namespace boxrun::exec
