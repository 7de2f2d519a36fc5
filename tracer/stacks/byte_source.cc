#include "tracer/stacks/byte_source.h"

#include <algorithm>

#include "tracer/base/bytes.h"

namespace boxtrace::stacks {

std::string read_text(const ByteSource& source, std::uint64_t at, std::size_t limit) {
  std::string text;
  std::array<std::byte, 64> piece{};  // most names are shorter
  while (text.size() < limit) {
    const std::size_t got = source.read(at + text.size(), piece);
    const std::string_view chars = base::as_chars(std::span<const std::byte>{piece}.first(got));
    const std::size_t end = chars.find('\0');
    text += chars.substr(0, std::min(end, limit - text.size()));
    if (end != std::string_view::npos || got < piece.size()) {
      break;
    }
  }
  return text;
}

}  // namespace boxtrace::stacks
