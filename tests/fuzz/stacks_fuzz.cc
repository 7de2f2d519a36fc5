// Any bytes as a process: its memory, its mappings, its files. Whatever they are, a stack is found
// in bounded time, and what is found can be told.
//
// The input is the content of one module of some pages, mapped as code and as a file, with a stack
// behind it; its first bytes are the registers.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/base/check.h"
#include "tracer/sinks/stack_lines.h"
#include "tracer/stacks/walk.h"

namespace {

using boxtrace::raw::Registers;
namespace stacks = boxtrace::stacks;

constexpr std::uint64_t kBase = 0x400000;
constexpr std::uint64_t kEnd = 0x500000;

/// The input at an address, and zeros up to the end of the mapping.
class Bytes final : public stacks::ByteSource {
 public:
  Bytes(std::uint64_t base, std::string_view bytes) : base_(base), bytes_(bytes) {}
  [[nodiscard]] std::size_t read(std::uint64_t at, std::span<std::byte> into) const override {
    const std::uint64_t end = base_ == 0 ? bytes_.size() : kEnd;
    if (at < base_ || at >= end) {
      return 0;
    }
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end - at));
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint64_t offset = at - base_ + i;
      into[i] = offset < bytes_.size() ? static_cast<std::byte>(bytes_[offset]) : std::byte{0};
    }
    return size;
  }

 private:
  std::uint64_t base_;
  std::string_view bytes_;
};

class Files final : public stacks::ModuleFiles {
 public:
  explicit Files(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] std::vector<std::unique_ptr<stacks::ByteSource>> open(
      const boxtrace::base::MemoryMapping& /*mapping*/) const override {
    std::vector<std::unique_ptr<stacks::ByteSource>> files;
    files.push_back(std::make_unique<Bytes>(0, bytes_));
    return files;
  }
  [[nodiscard]] std::unique_ptr<stacks::ByteSource> open_debug(
      const std::string& /*build_id*/) const override {
    return nullptr;
  }

 private:
  std::string_view bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Offsets into the module, so that a change of a few bits leads to another place in it.
  constexpr std::size_t kHead = 3 * sizeof(std::uint32_t);
  if (size < kHead) {
    return 0;
  }
  std::uint32_t places[3];
  std::memcpy(places, data, kHead);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + kHead, size - kHead);
  Registers registers;
  registers[Registers::kRip] = kBase + places[0] % (kEnd - kBase);
  registers[Registers::kRsp] = kBase + places[1] % (kEnd - kBase);
  registers[Registers::kRbp] = kBase + places[2] % (kEnd - kBase);
  registers.is_32bit = (places[0] >> 31U) != 0;

  const Bytes memory(kBase, bytes);
  const Files files(bytes);
  stacks::ModuleCache cache;
  stacks::AddressSpace space(
      memory, boxtrace::base::parse_maps("400000-500000 r-xp 00000000 fe:00 7 /x\n"), files, cache);
  const stacks::Walker walker;
  const boxtrace::raw::Stack stack = walker.walk(space, registers);
  BT_CHECK(!stack.frames.empty(), "a stack without a frame");
  const boxtrace::sinks::StackLines lines{{}};
  BT_CHECK(!lines.render(stack, 4).empty(), "a stack without a line");
  boxtrace::raw::CallSite site;
  site.code_at = {kBase};
  site.code = boxtrace::base::to_bytes(bytes.substr(0, 64));
  site.registers = registers;
  site.registers[Registers::kRip] = kBase + places[0] % 80;
  static_cast<void>(lines.render(site, 4));
  return 0;
}
