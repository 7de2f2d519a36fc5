#pragma once
// Socket addresses and message headers as they lie in the tracee's memory.
//
// An address is a family and what the family says it is; its length comes beside it and matters: a
// Unix address may be unnamed (only the family), a path (up to a NUL or its length), or abstract (a
// NUL first, then a name that exists in the network namespace and in no filesystem).
//
// Sources: unix(7), ip(7), ipv6(7), netlink(7), packet(7), vsock(7), cmsg(3).

#include "decoders/spec.h"

namespace boxtrace::decoders {

/// `{sa_family=AF_UNIX, sun_path="/run/x"}`; an abstract name keeps its leading NUL.
[[nodiscard]] Value decode_sockaddr(const CallContext& context, base::Addr addr,
                                    std::uint64_t size);

/// An address whose length is in `size_arg`: by value (bind), or in memory (accept).
[[nodiscard]] Value arg_sockaddr(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_sockaddr_out(const CallContext&, const ArgSpec&, std::size_t);

/// struct msghdr, with its buffers and its ancillary data. At exit of recvmsg the result says how
/// many bytes of the buffers are filled.
[[nodiscard]] Value arg_msghdr(const CallContext&, const ArgSpec&, std::size_t);

}  // namespace boxtrace::decoders
