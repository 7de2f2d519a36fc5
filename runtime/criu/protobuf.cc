#include "runtime/criu/protobuf.h"

#include <errno.h>

#include <optional>

namespace boxrun::criu {
namespace {

enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

Error broken() { return Error{EPROTO, "a message of criu is broken", {}}; }

/// Takes a varint from the front of `rest`.
std::optional<std::uint64_t> take_varint(std::string_view& rest) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !rest.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> take_fixed(std::string_view& rest, std::size_t size) {
  if (rest.size() < size) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(rest[i]);
  }
  rest.remove_prefix(size);
  return value;
}

}  // namespace

void MessageWriter::add_varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) {
    bytes_ += static_cast<char>(0x80 | (value & 0x7f));
  }
  bytes_ += static_cast<char>(value);
}

void MessageWriter::add_number(std::uint32_t field, std::int64_t value) {
  add_varint(std::uint64_t{field} << 3 | kVarint);
  add_varint(static_cast<std::uint64_t>(value));
}

void MessageWriter::add_text(std::uint32_t field, std::string_view bytes) {
  add_varint(std::uint64_t{field} << 3 | kBytes);
  add_varint(bytes.size());
  bytes_ += bytes;
}

Result<std::vector<Field>> parse_message(std::string_view bytes) {
  std::vector<Field> fields;
  while (!bytes.empty()) {
    const auto key = take_varint(bytes);
    if (!key || *key >> 35 != 0) {
      return broken();
    }
    Field field{static_cast<std::uint32_t>(*key >> 3), 0, {}};
    const auto type = static_cast<std::uint32_t>(*key & 7);
    if (type != kVarint && type != kFixed64 && type != kBytes && type != kFixed32) {
      return broken();
    }
    const auto value = type == kFixed64   ? take_fixed(bytes, 8)
                       : type == kFixed32 ? take_fixed(bytes, 4)
                                          : take_varint(bytes);
    if (!value || (type == kBytes && *value > bytes.size())) {
      return broken();
    }
    if (type == kBytes) {
      field.bytes = bytes.substr(0, *value);
      bytes.remove_prefix(*value);
    } else {
      field.value = *value;
    }
    fields.push_back(field);
  }
  return fields;
}

}  // namespace boxrun::criu
