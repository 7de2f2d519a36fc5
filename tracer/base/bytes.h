#pragma once
// Reading little-endian fields out of a byte buffer of untrusted length.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace boxtrace::base {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

/// The integer at `offset`, or nothing when it does not fit into `bytes`. All ABIs we trace are
/// little-endian, as are we.
template <typename T>
[[nodiscard]] std::optional<T> read_le(ByteView bytes, std::size_t offset) {
  static_assert(std::is_integral_v<T>);
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) {
    return std::nullopt;
  }
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

[[nodiscard]] inline std::string_view as_chars(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline ByteView as_bytes(std::string_view chars) {
  return std::as_bytes(std::span{chars.data(), chars.size()});
}
[[nodiscard]] inline Bytes to_bytes(std::string_view chars) {
  const ByteView view = as_bytes(chars);
  return {view.begin(), view.end()};
}

}  // namespace boxtrace::base
