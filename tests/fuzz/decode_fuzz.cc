// Random calls with random memory. For any input: decoding ends, the same input gives the same
// text, decoding while recording and decoding the recording agree, and the text is bounded.
//
// The bound: with these options a path or a page of mount options is at most 4,096 bytes, each of
// which may become four characters (`\377`), and a call has at most three of them (mount); all else
// is shorter than that by far. 64 KiB is above it.
//
// Input: abi (1 byte), number (2), which arguments are addresses (1, a bit each), six arguments
// (6 x 8), outcome (1 + 8), and the rest is memory, mapped twice: at 0x10000 for entry, and again,
// bytes inverted, at exit. Arguments that are addresses are folded so that they point into it.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "decoders/decode.h"
#include "decoders/registry.h"
#include "decoders/render.h"
#include "tracer/base/check.h"

namespace {

using namespace boxtrace;

constexpr std::uint64_t kBase = 0x10000;
constexpr std::uint64_t kReach = 0x200;  // how far into the memory an argument may point
constexpr std::size_t kTextBound = std::size_t{64} * 1024;

/// A block of bytes at kBase. What lies beyond faults when its size is even, else it is gone.
class BlockMemory final : public raw::Memory {
 public:
  BlockMemory(const std::uint8_t* data, std::size_t size, std::uint8_t flip) {
    for (std::size_t i = 0; i < size; ++i) {
      bytes_.push_back(static_cast<std::byte>(data[i] ^ flip));
    }
    failure_ = size % 2 == 0 ? raw::Unreadable::Fault : raw::Unreadable::Gone;
  }

  [[nodiscard]] raw::Chunk read(base::Addr addr, std::size_t size) const override {
    raw::Chunk chunk;
    while (chunk.bytes.size() < size) {
      const std::byte* byte = at(addr.value + chunk.bytes.size());
      if (byte == nullptr) {
        chunk.failure = failure_at(addr, chunk.bytes.size());
        break;
      }
      chunk.bytes.push_back(*byte);
    }
    return chunk;
  }

  [[nodiscard]] raw::CString read_cstring(base::Addr addr, std::size_t limit,
                                          char stop) const override {
    raw::CString string;
    while (true) {
      const std::byte* byte = at(addr.value + string.bytes.size());
      const bool full = string.bytes.size() == limit;
      if (byte == nullptr) {
        string.truncated = full;
        string.failure = full ? std::nullopt : std::optional{failure_at(addr, string.bytes.size())};
        return string;
      }
      const char c = static_cast<char>(*byte);
      if (c == '\0' || c == stop) {
        return string;
      }
      if (full) {
        string.truncated = true;
        return string;
      }
      string.bytes.push_back(c);
    }
  }

 private:
  /// The last address of all faults, whatever became of the process: no read may wrap around.
  [[nodiscard]] raw::Unreadable failure_at(base::Addr addr, std::size_t offset) const {
    return offset >= ~addr.value ? raw::Unreadable::Fault : failure_;
  }
  [[nodiscard]] const std::byte* at(std::uint64_t addr) const {
    return addr >= kBase && addr - kBase < bytes_.size() ? &bytes_[addr - kBase] : nullptr;
  }
  base::Bytes bytes_;
  raw::Unreadable failure_ = raw::Unreadable::Fault;
};

template <typename T>
T take(const std::uint8_t*& data, std::size_t& size) {
  T value{};
  const std::size_t count = size < sizeof(T) ? size : sizeof(T);
  std::memcpy(&value, data, count);
  data += count;
  size -= count;
  return value;
}

std::string text_of(const decoders::DecodedCall& decoded, const raw::Outcome& outcome) {
  return decoders::render_call(decoded) + " " + decoders::render_outcome(decoded, outcome);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) {
    return 0;
  }
  raw::Syscall syscall;
  syscall.call.abi = static_cast<raw::Abi>(take<std::uint8_t>(data, size) % 5);
  syscall.call.nr = take<std::uint16_t>(data, size) % 600;
  const unsigned addresses = take<std::uint8_t>(data, size);
  for (std::size_t i = 0; i < syscall.call.args.size(); ++i) {
    const auto arg = take<std::uint64_t>(data, size);
    syscall.call.args[i] = (addresses >> i & 1U) != 0 ? kBase + arg % kReach : arg;
  }
  syscall.outcome.kind = static_cast<raw::Outcome::Kind>(take<std::uint8_t>(data, size) % 5);
  syscall.outcome.value = take<std::int64_t>(data, size);
  if (syscall.outcome.kind == raw::Outcome::Kind::Failed) {
    syscall.outcome.value = (syscall.outcome.value & 0xfff) + 1;
  }
  decoders::Options options;
  options.string_limit = 32;
  options.list_limit = 8;
  options.env_values = size % 3 == 0;

  const BlockMemory entry(data, size, 0x00);
  const BlockMemory exit(data, size, 0xff);
  const auto decode_with = [&](const raw::Memory& in, const raw::Memory& out) {
    decoders::DecodedCall decoded = decoders::decode_entry(syscall.call, in, options);
    decoders::decode_exit(decoded, syscall.call, syscall.outcome, out, options);
    return text_of(decoded, syscall.outcome);
  };
  const std::string live = decode_with(entry, exit);
  BT_CHECK(live.size() < kTextBound, "the text of one call is bounded");
  BT_CHECK(decode_with(entry, exit) == live, "decoding is a function of its input");
  BT_CHECK(decode_with(raw::RecordingMemory(entry, syscall.in),
                       raw::RecordingMemory(exit, syscall.out)) == live,
           "recording does not change what is read");
  BT_CHECK(text_of(decoders::decode(syscall, options), syscall.outcome) == live,
           "the recording holds all that decoding asks for");
  return 0;
}
