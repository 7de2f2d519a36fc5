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

constexpr std::size_t kRightsSpace = CMSG_SPACE(sizeof(int));

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

bool send_descriptor(os::BorrowedFd socket, os::BorrowedFd fd, const char* name) {
  iovec bytes{const_cast<char*>(name), std::strlen(name)};  // sendmsg(2) only reads
  alignas(cmsghdr) std::array<char, kRightsSpace> control{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  const int number = fd.get();
  std::memcpy(CMSG_DATA(rights), &number, sizeof number);
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket.get(), &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

Result<os::UniqueFd> receive_descriptor(os::BorrowedFd socket) {
  std::array<char, 256> name{};
  iovec bytes{name.data(), name.size()};
  alignas(cmsghdr) std::array<char, kRightsSpace> control{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return os::errno_error("recvmsg(SCM_RIGHTS)");
  }
  const cmsghdr* rights = CMSG_FIRSTHDR(&message);
  if (rights == nullptr || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS ||
      rights->cmsg_len != CMSG_LEN(sizeof(int))) {
    return Error{EPROTO, "recvmsg(SCM_RIGHTS): no descriptor came", {}};
  }
  int number = -1;
  std::memcpy(&number, CMSG_DATA(rights), sizeof number);
  return os::UniqueFd{number};
}

}  // namespace boxrun::exec
