// Sockets: names, types, options and addresses; message headers.

#include <array>

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/families/pointee_args.h"
#include "decoders/families/socket_args.h"
#include "decoders/families/time_args.h"
#include "decoders/structs.h"
#include "decoders/tables/socket.h"

namespace boxtrace::decoders {
namespace {

constexpr std::uint32_t kAfInet = 2;
constexpr std::uint32_t kAfInet6 = 10;
constexpr std::uint32_t kAfNetlink = 16;

/// The protocol of socket(2), whose meaning depends on the family in argument 0.
Value arg_protocol(const CallContext& context, const ArgSpec&, std::size_t index) {
  const std::uint32_t protocol = low32(context, index);
  switch (low32(context, 0)) {
    case kAfInet:
    case kAfInet6:
      return decode_constant(kIpProtocols, protocol);
    case kAfNetlink:
      return decode_constant(kNetlinkProtocols, protocol);
    default:
      return decode_number(Show::Unsigned, protocol, 32);
  }
}

/// The option of setsockopt(2), whose meaning depends on the level in argument 1.
Value arg_option(const CallContext& context, const ArgSpec&, std::size_t index) {
  const std::uint32_t option = low32(context, index);
  switch (low32(context, 1)) {
    case 0:  // SOL_IP
      return decode_constant(kIpOptions, option);
    case 1:  // SOL_SOCKET
      return decode_constant(kSocketOptions, option);
    case 6:  // SOL_TCP
      return decode_constant(kTcpOptions, option);
    case 41:  // SOL_IPV6
      return decode_constant(kIpv6Options, option);
    case 270:  // SOL_NETLINK
      return decode_constant(kNetlinkOptions, option);
    default:
      return decode_number(Show::Hex, option, 32);
  }
}

/// The value of an option: `[n]` when it is as long as an int, as most are; bytes otherwise.
Value decode_option(const CallContext& context, base::Addr addr, std::uint64_t size) {
  constexpr FieldSpec kCredentials[] = {
      {"pid", Width::W32, Show::Pid}, {"uid", Width::W32, Show::Id}, {"gid", Width::W32, Show::Id}};
  constexpr std::uint32_t kSolSocket = 1;
  constexpr std::uint32_t kSoPeercred = 17;
  if (low32(context, 1) == kSolSocket && low32(context, 2) == kSoPeercred && size == 12) {
    return decode_struct(context, addr, kCredentials);
  }
  if (size == 4) {
    return decode_array(context, addr, 1, {"", Width::W32, Show::Signed});
  }
  return decode_buffer(context, addr, size, context.options.string_limit);
}

Value arg_option_value(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  return decode_option(context, address(context, index),
                       low32(context, static_cast<std::size_t>(arg.size_arg)));
}

/// The value that getsockopt wrote; its length is in memory.
Value arg_option_result(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  const base::Addr length = address(context, static_cast<std::size_t>(arg.size_arg));
  const raw::Chunk chunk = context.memory.read(length, 4);
  return decode_option(context, address(context, index),
                       base::read_le<std::uint32_t>(chunk.bytes, 0).value_or(0));
}

/// How many words each call of socketcall(2) takes. Source: net/socket.c: nargs.
constexpr std::array<std::uint8_t, 21> kSocketcallWords = {0, 3, 3, 3, 2, 3, 3, 3, 4, 4, 4,
                                                           6, 6, 2, 5, 5, 3, 3, 4, 5, 4};

Value arg_socketcall(const CallContext& context, const ArgSpec&, std::size_t index) {
  const std::uint32_t call = low32(context, 0);
  const std::uint64_t words = call < kSocketcallWords.size() ? kSocketcallWords.at(call) : 0;
  return words == 0
             ? Value{Pointer{address(context, index)}}
             : decode_array(context, address(context, index), words, {"", Width::W32, Show::Hex});
}

constexpr SyscallSpec kRows[] = {
    {.name = "socket",
     .nr = {41, 359, 198},
     .classes = kNetwork | kDesc,
     .args = {{{"domain", arg_constant, &kAddressFamilies},
               {"type", arg_constant, &kSocketTypes},
               {"protocol", arg_protocol}}},
     .returns = Returns::Fd,
     .man = "socket(2)",
     .kernel = "net/socket.c: socket",
     .explain = {"Makes a socket; it belongs to the network namespace that the caller is in now, "
                 "and stays there."}},
    {.name = "socketpair",
     .nr = {53, 360, 199},
     .classes = kNetwork | kDesc,
     .args = {{{"domain", arg_constant, &kAddressFamilies},
               {"type", arg_constant, &kSocketTypes},
               {"protocol", arg_protocol},
               {.name = "sv", .decode = arg_fd_pair, .direction = Direction::Out}}},
     .man = "socketpair(2)",
     .kernel = "net/socket.c: socketpair",
     .explain = {"Makes two sockets connected to each other; runtimes talk to their child through "
                 "such a pair."}},
    {.name = "bind",
     .nr = {49, 361, 200},
     .classes = kNetwork | kDesc,
     .args = {{{"sockfd", arg_fd},
               {.name = "addr", .decode = arg_sockaddr, .size_arg = 2},
               {"addrlen", arg_int}}},
     .man = "bind(2)",
     .kernel = "net/socket.c: bind",
     .explain =
         {"Gives a socket its local address; for a Unix socket with a path it makes a file."}},
    {.name = "connect",
     .nr = {42, 362, 203},
     .classes = kNetwork | kDesc,
     .args = {{{"sockfd", arg_fd},
               {.name = "addr", .decode = arg_sockaddr, .size_arg = 2},
               {"addrlen", arg_int}}},
     .man = "connect(2)",
     .kernel = "net/socket.c: connect",
     .explain =
         {"Connects a socket to an address, or sets the default peer of a datagram socket."}},
    {.name = "listen",
     .nr = {50, 363, 201},
     .classes = kNetwork | kDesc,
     .args = {{{"sockfd", arg_fd}, {"backlog", arg_int}}},
     .man = "listen(2)",
     .kernel = "net/socket.c: listen",
     .explain = {"Makes a socket accept connections, with a queue of the given length."}},
    {.name = "accept",
     .nr = {43, -1, 202},
     .classes = kNetwork | kDesc | kSync,
     .args =
         {{{"sockfd", arg_fd},
           {.name = "addr", .decode = arg_sockaddr_out, .size_arg = 2, .direction = Direction::Out},
           {.name = "addrlen", .decode = arg_int_at, .direction = Direction::InOut}}},
     .returns = Returns::Fd,
     .man = "accept(2)",
     .kernel = "net/socket.c: accept",
     .explain = {"Takes the next waiting connection of a listening socket as a new descriptor."}},
    {.name = "accept4",
     .nr = {288, 364, 242},
     .classes = kNetwork | kDesc | kSync,
     .args =
         {{{"sockfd", arg_fd},
           {.name = "addr", .decode = arg_sockaddr_out, .size_arg = 2, .direction = Direction::Out},
           {.name = "addrlen", .decode = arg_int_at, .direction = Direction::InOut},
           {"flags", arg_constant, &kSocketFlags}}},
     .returns = Returns::Fd,
     .man = "accept(2)",
     .kernel = "net/socket.c: accept4",
     .explain = {"Takes the next waiting connection, close-on-exec or non-blocking when asked."}},
    {.name = "getsockname",
     .nr = {51, 367, 204},
     .classes = kNetwork | kDesc | kInfo,
     .args =
         {{{"sockfd", arg_fd},
           {.name = "addr", .decode = arg_sockaddr_out, .size_arg = 2, .direction = Direction::Out},
           {.name = "addrlen", .decode = arg_int_at, .direction = Direction::InOut}}},
     .man = "getsockname(2)",
     .kernel = "net/socket.c: getsockname",
     .explain = {"Tells the local address of a socket."}},
    {.name = "getpeername",
     .nr = {52, 368, 205},
     .classes = kNetwork | kDesc | kInfo,
     .args =
         {{{"sockfd", arg_fd},
           {.name = "addr", .decode = arg_sockaddr_out, .size_arg = 2, .direction = Direction::Out},
           {.name = "addrlen", .decode = arg_int_at, .direction = Direction::InOut}}},
     .man = "getpeername(2)",
     .kernel = "net/socket.c: getpeername",
     .explain = {"Tells the address of the other side of a connected socket."}},
    {.name = "setsockopt",
     .nr = {54, 366, 208},
     .classes = kNetwork | kDesc,
     .args = {{{"sockfd", arg_fd},
               {"level", arg_constant, &kSocketLevels},
               {"optname", arg_option},
               {.name = "optval", .decode = arg_option_value, .size_arg = 4},
               {"optlen", arg_int}}},
     .man = "getsockopt(2)",
     .kernel = "net/socket.c: setsockopt",
     .explain = {"Sets an option of a socket; SO_PASSCRED and SO_PEERCRED are how runtimes learn "
                 "who is at the other end."}},
    {.name = "getsockopt",
     .nr = {55, 365, 209},
     .classes = kNetwork | kDesc | kInfo,
     .args = {{{"sockfd", arg_fd},
               {"level", arg_constant, &kSocketLevels},
               {"optname", arg_option},
               {.name = "optval",
                .decode = arg_option_result,
                .size_arg = 4,
                .direction = Direction::Out},
               {.name = "optlen", .decode = arg_int_at, .direction = Direction::InOut}}},
     .man = "getsockopt(2)",
     .kernel = "net/socket.c: getsockopt",
     .explain = {"Reads an option of a socket."}},
    {.name = "sendto",
     .nr = {44, 369, 206},
     .classes = kNetwork | kDesc,
     .args = {{{"sockfd", arg_fd},
               {.name = "buf", .decode = arg_buffer, .size_arg = 2},
               {"len", arg_size},
               {"flags", arg_constant, &kMsgFlags},
               {.name = "dest_addr", .decode = arg_sockaddr, .size_arg = 5},
               {"addrlen", arg_int}}},
     .returns = Returns::Size,
     .man = "send(2)",
     .kernel = "net/socket.c: sendto",
     .explain = {"Sends bytes on a socket, to an address if the socket has no peer."}},
    {.name = "recvfrom",
     .nr = {45, 371, 207},
     .classes = kNetwork | kDesc | kSync,
     .args = {{{"sockfd", arg_fd},
               {.name = "buf", .decode = arg_buffer, .size_arg = 2, .direction = Direction::Out},
               {"len", arg_size},
               {"flags", arg_constant, &kMsgFlags},
               {.name = "src_addr",
                .decode = arg_sockaddr_out,
                .size_arg = 5,
                .direction = Direction::Out},
               {.name = "addrlen", .decode = arg_int_at, .direction = Direction::InOut}}},
     .returns = Returns::Size,
     .man = "recv(2)",
     .kernel = "net/socket.c: recvfrom",
     .explain = {"Receives bytes from a socket and, if asked, the sender's address."}},
    {.name = "sendmsg",
     .nr = {46, 370, 211},
     .classes = kNetwork | kDesc,
     .args = {{{"sockfd", arg_fd}, {"msg", arg_msghdr}, {"flags", arg_constant, &kMsgFlags}}},
     .returns = Returns::Size,
     .man = "send(2)",
     .kernel = "net/socket.c: sendmsg",
     .explain = {"Sends scattered buffers with ancillary data, which can carry descriptors "
                 "(SCM_RIGHTS) and credentials to another process."}},
    {.name = "recvmsg",
     .nr = {47, 372, 212},
     .classes = kNetwork | kDesc | kSync,
     .args = {{{"sockfd", arg_fd},
               {.name = "msg", .decode = arg_msghdr, .direction = Direction::Out},
               {"flags", arg_constant, &kMsgFlags}}},
     .returns = Returns::Size,
     .man = "recv(2)",
     .kernel = "net/socket.c: recvmsg",
     .explain = {"Receives scattered buffers with ancillary data; descriptors in it appear in the "
                 "caller's table."}},
    {.name = "sendmmsg",
     .nr = {307, 345, 269},
     .classes = kNetwork | kDesc,
     .args = {{{"sockfd", arg_fd},
               {"msgvec", arg_pointer},
               {"vlen", arg_unsigned},
               {"flags", arg_constant, &kMsgFlags}}},
     .returns = Returns::Number,
     .man = "sendmmsg(2)",
     .kernel = "net/socket.c: sendmmsg",
     .explain = {"Sends several messages with one call and returns how many were sent."}},
    {.name = "recvmmsg",
     .nr = {299, 337, 243},
     .classes = kNetwork | kDesc | kSync,
     .args = {{{"sockfd", arg_fd},
               {.name = "msgvec", .decode = arg_pointer, .direction = Direction::Out},
               {"vlen", arg_unsigned},
               {"flags", arg_constant, &kMsgFlags},
               {.name = "timeout", .decode = arg_timespec, .direction = Direction::InOut}}},
     .returns = Returns::Number,
     .man = "recvmmsg(2)",
     .kernel = "net/socket.c: recvmmsg",
     .explain = {"Receives several messages with one call."}},
    {.name = "recvmmsg_time64",
     .nr = {-1, 417, -1},
     .classes = kNetwork | kDesc | kSync,
     .args = {{{"sockfd", arg_fd},
               {.name = "msgvec", .decode = arg_pointer, .direction = Direction::Out},
               {"vlen", arg_unsigned},
               {"flags", arg_constant, &kMsgFlags},
               {.name = "timeout", .decode = arg_timespec64, .direction = Direction::InOut}}},
     .returns = Returns::Number,
     .man = "recvmmsg(2)",
     .kernel = "net/socket.c: recvmmsg",
     .explain = {"The 32-bit recvmmsg with 64-bit seconds."}},
    {.name = "shutdown",
     .nr = {48, 373, 210},
     .classes = kNetwork | kDesc,
     .args = {{{"sockfd", arg_fd}, {"how", arg_constant, &kShutdownHow}}},
     .man = "shutdown(2)",
     .kernel = "net/socket.c: shutdown",
     .explain =
         {"Ends one or both directions of a connection for every process that shares the socket."}},
    {.name = "socketcall",
     .nr = {-1, 102, -1},
     .classes = kNetwork,
     .args = {{{"call", arg_constant, &kSocketCalls}, {"args", arg_socketcall}}},
     .returns = Returns::Number,
     .man = "socketcall(2)",
     .kernel = "net/socket.c: socketcall",
     .explain = {"One entry for all socket calls of 32-bit x86: a number that selects the call and "
                 "a pointer to its arguments, which seccomp filters cannot see."}},
};

}  // namespace

const std::span<const SyscallSpec> kNetworkSyscalls{kRows};

}  // namespace boxtrace::decoders
