#include "decoders/families/socket_args.h"

#include <fmt/format.h>

#include <algorithm>

#include "decoders/families/pointee_args.h"
#include "decoders/structs.h"
#include "decoders/tables/socket.h"

namespace boxtrace::decoders {
namespace {

using base::Addr;
using base::ByteView;

constexpr std::uint64_t kMaxSockaddr = 128;  // linux/socket.h: sockaddr_storage
constexpr std::uint64_t kMaxControl = 4096;  // more ancillary data than this is not shown
constexpr std::uint16_t kAfUnix = 1;
constexpr std::uint16_t kAfInet = 2;
constexpr std::uint16_t kAfInet6 = 10;
constexpr std::uint16_t kAfNetlink = 16;
constexpr std::uint16_t kAfPacket = 17;
constexpr std::uint16_t kAfVsock = 40;
constexpr std::size_t kInet6Size = 28;  // linux/in6.h: sockaddr_in6

unsigned byte_at(ByteView bytes, std::size_t offset) {
  return base::read_le<std::uint8_t>(bytes, offset).value_or(0);
}

/// A number in network byte order.
unsigned be16_at(ByteView bytes, std::size_t offset) {
  return byte_at(bytes, offset) << 8 | byte_at(bytes, offset + 1);
}

Value number(std::uint64_t raw) { return Number{raw, Number::Style::Unsigned}; }

Value text(std::string bytes) { return Text{Text::Kind::String, std::move(bytes), false, {}}; }

/// Eight groups in hex, the longest run of zero groups written `::`. RFC 5952.
std::string inet6_text(ByteView bytes) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups.at(i) = be16_at(bytes, i * 2);
  }
  std::size_t best = groups.size();
  std::size_t best_length = 1;  // a single zero group is written out
  for (std::size_t i = 0; i < groups.size(); ++i) {
    std::size_t length = 0;
    while (i + length < groups.size() && groups.at(i + length) == 0) {
      ++length;
    }
    if (length > best_length) {
      best = i;
      best_length = length;
    }
  }
  std::string out;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i == best) {
      out += "::";
      i += best_length - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') {
      out += ':';
    }
    out += fmt::format("{:x}", groups.at(i));
  }
  return out;
}

/// Text to the first NUL; an abstract name (leading NUL) has its NULs kept, for they count.
std::string unix_path(ByteView bytes) {
  std::string path{base::as_chars(bytes)};
  if (!path.empty() && path.front() != '\0') {
    path.resize(std::min(path.size(), path.find('\0')));
  }
  return path;
}

/// What follows the family. True when `family` is one that we know and the address is long enough.
bool add_family_fields(Struct& out, std::uint16_t family, ByteView bytes) {
  const auto u32 = [bytes](std::size_t offset) {
    return number(base::read_le<std::uint32_t>(bytes, offset).value_or(0));
  };
  if (family == kAfUnix) {
    if (bytes.size() > 2) {
      out.fields.push_back({"sun_path", text(unix_path(bytes.subspan(2)))});
    }
    return true;
  }
  if (family == kAfInet && bytes.size() >= 8) {
    out.fields.push_back({"sin_port", number(be16_at(bytes, 2))});
    out.fields.push_back(
        {"sin_addr", text(fmt::format("{}.{}.{}.{}", byte_at(bytes, 4), byte_at(bytes, 5),
                                      byte_at(bytes, 6), byte_at(bytes, 7)))});
    return true;
  }
  if (family == kAfInet6 && bytes.size() >= kInet6Size) {
    out.fields.push_back({"sin6_port", number(be16_at(bytes, 2))});
    out.fields.push_back({"sin6_flowinfo", u32(4)});
    out.fields.push_back({"sin6_addr", text(inet6_text(bytes.subspan(8, 16)))});
    out.fields.push_back({"sin6_scope_id", u32(24)});
    return true;
  }
  if (family == kAfNetlink && bytes.size() >= 12) {
    out.fields.push_back({"nl_pid", u32(4)});
    out.fields.push_back({"nl_groups", decode_number(Show::Hex, u32(8).raw().value_or(0), 32)});
    return true;
  }
  if (family == kAfPacket && bytes.size() >= 12) {
    out.fields.push_back({"sll_protocol", Number{be16_at(bytes, 2), Number::Style::Hex}});
    out.fields.push_back({"sll_ifindex", u32(4)});
    return true;
  }
  if (family == kAfVsock && bytes.size() >= 12) {
    out.fields.push_back({"svm_port", u32(4)});
    out.fields.push_back({"svm_cid", u32(8)});
    return true;
  }
  return false;
}

std::uint64_t length_in_memory(const CallContext& context, std::int8_t index) {
  if (index < 0) {
    return 0;
  }
  const Addr addr = address(context, static_cast<std::size_t>(index));
  if (addr.value == 0) {
    return 0;
  }
  const raw::Chunk chunk = context.memory.read(addr, 4);
  return base::read_le<std::uint32_t>(chunk.bytes, 0).value_or(0);
}

/// One control message; `payload` are the bytes after its header.
Struct decode_control(std::uint64_t length, std::uint32_t level, std::uint32_t type,
                      ByteView payload) {
  constexpr std::uint32_t kSolSocket = 1;
  constexpr std::uint32_t kScmRights = 1;
  constexpr std::uint32_t kScmCredentials = 2;
  constexpr FieldSpec kCredentials[] = {
      {"pid", Width::W32, Show::Pid}, {"uid", Width::W32, Show::Id}, {"gid", Width::W32, Show::Id}};
  const bool socket_level = level == kSolSocket;
  Struct out;
  out.fields.push_back({"cmsg_len", number(length)});
  out.fields.push_back({"cmsg_level", decode_constant(kSocketLevels, level)});
  out.fields.push_back({"cmsg_type", socket_level ? decode_constant(kControlTypes, type)
                                                  : decode_number(Show::Hex, type, 32)});
  if (socket_level && type == kScmRights) {
    List fds;
    for (std::size_t offset = 0; offset + 4 <= payload.size(); offset += 4) {
      fds.items.push_back(
          decode_number(Show::Fd, base::read_le<std::uint32_t>(payload, offset).value_or(0), 32));
    }
    out.fields.push_back({"cmsg_data", std::move(fds)});
  } else if (socket_level && type == kScmCredentials) {
    out.fields.push_back({"cmsg_data", decode_fields(kCredentials, raw::Abi::X86_64, payload)});
  } else {
    out.fields.push_back(
        {"cmsg_data",
         Text{Text::Kind::Buffer, std::string{base::as_chars(payload)}, false, std::nullopt}});
  }
  return out;
}

/// The list of control messages. cmsg_len counts its header; the next one starts at a multiple of
/// the word size. A length that makes no sense ends the list, and is shown.
Value decode_controls(const CallContext& context, Addr addr, std::uint64_t size) {
  if (addr.value == 0 || size == 0) {
    return Pointer{addr};
  }
  const raw::Chunk chunk =
      context.memory.read(addr, static_cast<std::size_t>(std::min(size, kMaxControl)));
  if (chunk.bytes.empty()) {
    return Missing{addr, chunk.failure.value_or(raw::Unreadable::Fault)};
  }
  const std::size_t word_bytes = raw::word_size(context.call.abi);
  const std::size_t header = word_bytes + 8;
  const ByteView bytes{chunk.bytes};
  List list;
  list.failure = chunk.failure;
  list.truncated = size > kMaxControl;
  for (std::size_t offset = 0; offset + header <= bytes.size();) {
    const std::uint64_t length = word_bytes == 8
                                     ? base::read_le<std::uint64_t>(bytes, offset).value_or(0)
                                     : base::read_le<std::uint32_t>(bytes, offset).value_or(0);
    const std::size_t room = bytes.size() - offset;
    const std::size_t whole = static_cast<std::size_t>(std::min<std::uint64_t>(length, room));
    const std::size_t payload = std::max(whole, header) - header;
    list.items.emplace_back(
        decode_control(length, base::read_le<std::uint32_t>(bytes, offset + word_bytes).value_or(0),
                       base::read_le<std::uint32_t>(bytes, offset + word_bytes + 4).value_or(0),
                       bytes.subspan(offset + header, payload)));
    if (length < header) {
      break;
    }
    offset += (whole + word_bytes - 1) / word_bytes * word_bytes;
  }
  return list;
}

constexpr FieldSpec kMsghdr[] = {
    {"msg_name", Width::Word, Show::Pointer},
    {"msg_namelen", Width::W32, Show::Unsigned},
    {"msg_iov", Width::Word, Show::Pointer},
    {"msg_iovlen", Width::Word, Show::Unsigned},
    {"msg_control", Width::Word, Show::Pointer},
    {"msg_controllen", Width::Word, Show::Unsigned},
    {"msg_flags", Width::W32, Show::Constant, &kMsgFlags},
};

}  // namespace

Value decode_sockaddr(const CallContext& context, Addr addr, std::uint64_t size) {
  if (addr.value == 0) {
    return Pointer{addr};
  }
  const raw::Chunk chunk =
      context.memory.read(addr, static_cast<std::size_t>(std::min(size, kMaxSockaddr)));
  const ByteView bytes{chunk.bytes};
  const auto family = base::read_le<std::uint16_t>(bytes, 0);
  if (!family) {
    return size < 2 ? Value{Pointer{addr}}
                    : Value{Missing{addr, chunk.failure.value_or(raw::Unreadable::Fault)}};
  }
  Struct out;
  out.fields.push_back({"sa_family", decode_constant(kAddressFamilies, *family)});
  if (!add_family_fields(out, *family, bytes) && bytes.size() > 2) {
    out.fields.push_back(
        {"sa_data", Text{Text::Kind::Buffer, std::string{base::as_chars(bytes.subspan(2))}, false,
                         std::nullopt}});
  }
  out.failure = chunk.failure;
  return out;
}

Value arg_sockaddr(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  const std::uint64_t size =
      arg.size_arg < 0 ? 0 : low32(context, static_cast<std::size_t>(arg.size_arg));
  return decode_sockaddr(context, address(context, index), size);
}

Value arg_sockaddr_out(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  return decode_sockaddr(context, address(context, index), length_in_memory(context, arg.size_arg));
}

Value arg_msghdr(const CallContext& context, const ArgSpec&, std::size_t index) {
  Value value = decode_struct(context, address(context, index), kMsghdr);
  auto* fields = value.as<Struct>();
  if (fields == nullptr || fields->fields.size() < std::size(kMsghdr)) {
    return value;
  }
  const auto pointer = [fields](std::size_t i) {
    return fields->fields[i].value.as<Pointer>()->addr;
  };
  const auto count = [fields](std::size_t i) { return fields->fields[i].value.raw().value_or(0); };
  const std::uint64_t filled =
      context.outcome == nullptr
          ? ~std::uint64_t{0}
          : static_cast<std::uint64_t>(std::max<std::int64_t>(context.outcome->value, 0));
  const Addr name = pointer(0);
  const Addr iov = pointer(2);
  const Addr control = pointer(4);
  if (name.value != 0 && count(1) != 0) {
    fields->fields[0].value = decode_sockaddr(context, name, count(1));
  }
  fields->fields[2].value = decode_iovecs(context, iov, count(3), filled);
  fields->fields[4].value = decode_controls(context, control, count(5));
  return value;
}

}  // namespace boxtrace::decoders
