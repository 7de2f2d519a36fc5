#include "tracer/sinks/strace_dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace boxtrace::sinks {
namespace {

using decoders::Value;

enum class Way : std::uint8_t { In, Out };

/// A call that moves bytes, and the argument that they are in.
struct Mover {
  std::string_view call;
  std::size_t argument;
  Way way;
};

constexpr std::array kMovers = std::to_array<Mover>({
    {"read", 1, Way::In},
    {"pread64", 1, Way::In},
    {"recv", 1, Way::In},
    {"recvfrom", 1, Way::In},
    {"readv", 1, Way::In},
    {"preadv", 1, Way::In},
    {"preadv2", 1, Way::In},
    {"recvmsg", 1, Way::In},
    {"write", 1, Way::Out},
    {"pwrite64", 1, Way::Out},
    {"send", 1, Way::Out},
    {"sendto", 1, Way::Out},
    {"writev", 1, Way::Out},
    {"pwritev", 1, Way::Out},
    {"pwritev2", 1, Way::Out},
    {"vmsplice", 1, Way::Out},
    {"sendmsg", 1, Way::Out},
});

std::string dump_lines(std::string_view bytes) {
  constexpr std::size_t kWidth = 16;
  constexpr std::size_t kHalf = 8;
  std::string out;
  for (std::size_t offset = 0; offset < bytes.size(); offset += kWidth) {
    std::string hex;
    std::string text;
    for (std::size_t i = 0; i < kWidth; ++i) {
      hex += i == kHalf ? " " : "";
      if (offset + i >= bytes.size()) {
        hex += "   ";
        text += " ";
        continue;
      }
      const auto byte = static_cast<unsigned char>(bytes[offset + i]);
      hex += fmt::format("{:02x} ", byte);
      text += byte >= 0x20 && byte < 0x7f ? bytes[offset + i] : '.';
    }
    out += fmt::format(" | {:05x}  {} {} |\n", offset, hex, text);
  }
  return out;
}

/// One buffer, of which at most `available` bytes were moved.
std::string dump_text(const decoders::Text& text, std::uint64_t available) {
  const std::string_view bytes(text.bytes);
  const std::uint64_t shown = std::min<std::uint64_t>(bytes.size(), available);
  std::string out = dump_lines(bytes.substr(0, static_cast<std::size_t>(shown)));
  if (text.truncated && shown < available) {
    out += fmt::format(" | {:05x}  (more bytes, which were not recorded)\n", shown);
  }
  return out;
}

/// The buffers of readv(2) and its kin.
std::string dump_vector(const decoders::List& buffers, std::uint64_t available) {
  std::string out;
  for (std::size_t i = 0; i < buffers.items.size() && available != 0; ++i) {
    const Value* length = buffers.items[i].field("iov_len");
    const Value* base = buffers.items[i].field("iov_base");
    const std::uint64_t size =
        std::min(available, length == nullptr ? 0 : length->raw().value_or(0));
    out += fmt::format(" * {} bytes in buffer {}\n", size, i);
    if (const auto* text = base == nullptr ? nullptr : base->as<decoders::Text>()) {
      out += dump_text(*text, size);
    }
    available -= size;
  }
  return out;
}

}  // namespace

std::string render_strace_dump(const raw::Syscall& syscall, const decoders::DecodedCall& call,
                               const DescriptorSet& read, const DescriptorSet& write) {
  const auto* const mover = std::find_if(kMovers.begin(), kMovers.end(), [&](const Mover& each) {
    return each.call == call.name && each.argument < call.args.size();
  });
  const auto fd = static_cast<std::int32_t>(static_cast<std::uint32_t>(syscall.call.args[0]));
  if (mover == kMovers.end() || fd < 0 || !(mover->way == Way::In ? read : write).has(fd) ||
      (mover->way == Way::In && syscall.outcome.kind != raw::Outcome::Kind::Returned)) {
    return {};
  }
  // Of what was to be written strace shows all, however much of it the kernel took.
  const std::uint64_t moved =
      mover->way == Way::In ? static_cast<std::uint64_t>(syscall.outcome.value) : ~std::uint64_t{0};
  const Value* value = &call.args[mover->argument].value;
  if (const auto* changed = value->as<decoders::Changed>()) {
    value = changed->after.get();
  }
  if (const Value* vector = value->field("msg_iov")) {
    value = vector;
  }
  if (const auto* text = value->as<decoders::Text>()) {
    return dump_text(*text, moved);
  }
  const auto* list = value->as<decoders::List>();
  return list == nullptr ? std::string{} : dump_vector(*list, moved);
}

}  // namespace boxtrace::sinks
