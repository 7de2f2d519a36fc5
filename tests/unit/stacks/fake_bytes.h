#pragma once
// Memory or a file made by hand.

#include <algorithm>
#include <cstring>
#include <map>
#include <string_view>
#include <type_traits>

#include "tracer/base/bytes.h"
#include "tracer/stacks/byte_source.h"

namespace boxtrace::stacks::test {

class FakeBytes final : public ByteSource {
 public:
  FakeBytes() = default;
  FakeBytes(const FakeBytes& other) : ByteSource(), bytes_(other.bytes_) {}
  FakeBytes& operator=(const FakeBytes&) = delete;
  ~FakeBytes() override = default;

  /// Later bytes go over earlier ones.
  FakeBytes& put(std::uint64_t at, std::string_view bytes) {
    for (const char c : bytes) {
      bytes_[at++] = static_cast<std::byte>(c);
    }
    return *this;
  }
  template <typename T>
  FakeBytes& put_value(std::uint64_t at, T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::array<char, sizeof(T)> bytes{};
    std::memcpy(bytes.data(), &value, sizeof(T));
    return put(at, {bytes.data(), bytes.size()});
  }

  [[nodiscard]] std::size_t read(std::uint64_t at, std::span<std::byte> into) const override {
    ++reads;
    std::size_t done = 0;
    for (auto next = bytes_.find(at);
         done < into.size() && next != bytes_.end() && next->first == at + done; ++next) {
      into[done++] = next->second;
    }
    return done;
  }

  mutable std::size_t reads = 0;

 private:
  std::map<std::uint64_t, std::byte> bytes_;
};

}  // namespace boxtrace::stacks::test
