#pragma once
// Descriptors sent to another process over a unix socket: the master of a terminal, the pidfd of
// init. Source: unix(7), SCM_RIGHTS.

#include <sys/types.h>

#include <span>
#include <string>
#include <string_view>

#include "runtime/aliases.h"
#include "tracer/os/fd.h"

namespace boxrun::exec {

/// Connects to the stream socket at `path`, which may be longer than the 107 bytes of an address.
[[nodiscard]] Result<os::UniqueFd> connect_socket(const std::string& path);

/// As many as go along with one message here; the kernel takes 253.
inline constexpr std::size_t kMostDescriptors = 32;

/// One message with up to kMostDescriptors descriptors. Allocates nothing.
/// @returns false with errno.
[[nodiscard]] bool send_with_descriptors(os::BorrowedFd socket, std::string_view bytes,
                                         std::span<const int> descriptors);
/// The descriptors that came along are put into `descriptors` in their order; those that find no
/// room are closed. Allocates nothing.
/// @returns as recv(2)
[[nodiscard]] ssize_t receive_with_descriptors(os::BorrowedFd socket, std::span<char> bytes,
                                               std::span<os::UniqueFd> descriptors);

/// Sends `fd` with `name` as the bytes that have to go along. Allocates nothing.
/// @returns false with errno.
[[nodiscard]] bool send_descriptor(os::BorrowedFd socket, os::BorrowedFd fd, std::string_view name);

/// @errors  EPROTO when the message brought no descriptor, or the other end is closed.
[[nodiscard]] Result<os::UniqueFd> receive_descriptor(os::BorrowedFd socket);

}  // namespace boxrun::exec
