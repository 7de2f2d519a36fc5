#pragma once
// Where the parsers of this folder get bytes from: the memory of a stopped process, or a file. What
// they find there was made by whoever built the program, and need not be what it claims to be.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

namespace boxtrace::stacks {

class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  ByteSource(ByteSource&&) = delete;
  ByteSource& operator=(ByteSource&&) = delete;
  virtual ~ByteSource() = default;

  /// Fills `into` from address (or file offset) `at` on. Returns how many bytes there were.
  [[nodiscard]] virtual std::size_t read(std::uint64_t at, std::span<std::byte> into) const = 0;
};

/// The little-endian number or plain struct at `at`; nothing when it is not all there.
template <typename T>
[[nodiscard]] std::optional<T> read_value(const ByteSource& source, std::uint64_t at) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::array<std::byte, sizeof(T)> bytes{};
  if (source.read(at, bytes) != bytes.size()) {
    return std::nullopt;
  }
  T value{};
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

/// The C string at `at`, cut after `limit` bytes; what could be read of it.
[[nodiscard]] std::string read_text(const ByteSource& source, std::uint64_t at, std::size_t limit);

}  // namespace boxtrace::stacks
