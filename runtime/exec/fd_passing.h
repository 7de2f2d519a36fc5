#pragma once
// Descriptors sent to another process over a unix socket: the master of a terminal, the pidfd of
// init. Source: unix(7), SCM_RIGHTS.

#include <string>

#include "runtime/aliases.h"
#include "tracer/os/fd.h"

namespace boxrun::exec {

/// Connects to the stream socket at `path`, which may be longer than the 107 bytes of an address.
[[nodiscard]] Result<os::UniqueFd> connect_socket(const std::string& path);

/// Sends `fd` with `name` as the bytes that have to go along. Allocates nothing.
/// @returns false with errno.
[[nodiscard]] bool send_descriptor(os::BorrowedFd socket, os::BorrowedFd fd, const char* name);

/// @errors  EPROTO when the message brought no descriptor, or the other end is closed.
[[nodiscard]] Result<os::UniqueFd> receive_descriptor(os::BorrowedFd socket);

}  // namespace boxrun::exec
