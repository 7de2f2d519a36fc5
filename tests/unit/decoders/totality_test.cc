// Whatever a tracee passes, a row decodes it: every row of every ABI with hostile registers over
// hostile memory. The fuzz target goes further; this runs in every build.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "decoders/decode.h"
#include "decoders/registry.h"
#include "decoders/render.h"

namespace boxtrace::decoders {
namespace {

/// Memory that holds `fill` everywhere, or counts upwards, and ends at `end`.
class HostileMemory final : public raw::Memory {
 public:
  HostileMemory(std::uint8_t fill, std::uint8_t step, std::uint64_t end)
      : fill_(fill), step_(step), end_(end) {}

  raw::Chunk read(base::Addr addr, std::size_t size) const override {
    raw::Chunk chunk;
    while (chunk.bytes.size() < size) {
      const std::uint64_t at = addr.value + chunk.bytes.size();
      if (at >= end_) {
        chunk.failure = raw::Unreadable::Fault;
        break;
      }
      chunk.bytes.push_back(byte_at(at));
    }
    return chunk;
  }

  raw::CString read_cstring(base::Addr addr, std::size_t limit, char stop) const override {
    raw::CString out;
    for (std::uint64_t at = addr.value; out.bytes.size() < limit; ++at) {
      if (at >= end_) {
        out.failure = raw::Unreadable::Fault;
        return out;
      }
      const char c = std::to_integer<char>(byte_at(at));
      if (c == '\0' || c == stop) {
        return out;
      }
      out.bytes += c;
    }
    out.truncated = true;
    return out;
  }

 private:
  std::byte byte_at(std::uint64_t at) const {
    return std::byte{static_cast<std::uint8_t>(fill_ + step_ * at)};
  }

  std::uint8_t fill_;
  std::uint8_t step_;
  std::uint64_t end_;
};

constexpr std::uint64_t kNoEnd = ~std::uint64_t{0};
constexpr std::size_t kMostText = 256U << 10U;

void decode_all_rows(const raw::Memory& memory, std::uint64_t argument, std::int64_t result) {
  Options options;
  options.string_limit = 32;
  options.list_limit = 16;
  for (const raw::Abi abi : {raw::Abi::X86_64, raw::Abi::I386, raw::Abi::X32, raw::Abi::Aarch64}) {
    for (const SyscallSpec* spec : all_syscalls()) {
      const int nr = number_in(*spec, abi);
      if (nr < 0) {
        continue;
      }
      raw::Call call;
      call.abi = abi;
      call.nr = static_cast<std::uint64_t>(nr);
      call.args.fill(argument);
      DecodedCall decoded = decode_entry(call, memory, options);
      ASSERT_EQ(decoded.spec, spec) << raw::abi_name(abi) << " " << spec->name;
      EXPECT_LE(decoded.args.size(), spec->arg_count());
      EXPECT_LT(render_call(decoded).size(), kMostText) << spec->name;
      const raw::Outcome outcome = result < 0 ? raw::Outcome{raw::Outcome::Kind::Failed, -result}
                                              : raw::Outcome{raw::Outcome::Kind::Returned, result};
      decode_exit(decoded, call, outcome, memory, options);
      const std::string text = render_call(decoded);
      EXPECT_LT(text.size(), kMostText) << spec->name;
      EXPECT_EQ(text, render_call(decoded)) << spec->name;
    }
  }
}

TEST(Totality, EveryRowSurvivesHostileRegistersAndMemory) {
  constexpr std::array<std::uint64_t, 4> kArguments = {8, 0x1000, 0x7fffffff, ~std::uint64_t{0}};
  const std::array kMemories = {HostileMemory(0, 0, kNoEnd), HostileMemory(0xff, 0, kNoEnd),
                                HostileMemory(0x10, 1, kNoEnd), HostileMemory(0x41, 0, 0x1003),
                                HostileMemory(0, 0, 0)};
  for (const HostileMemory& memory : kMemories) {
    for (const std::uint64_t argument : kArguments) {
      decode_all_rows(memory, argument, argument == 8 ? -14 : 0x7fffffffffffffff);
    }
  }
}

}  // namespace
}  // namespace boxtrace::decoders
