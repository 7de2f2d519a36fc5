#include "tracer/stacks/go_table.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace boxtrace::stacks {
namespace {

// min. instruction size 1, pointer size 8: what follows the magic number on amd64.
constexpr std::uint64_t kAfterMagic = 0x0801000000000000;
constexpr std::uint64_t kAlignment = 8;
constexpr std::uint64_t kMostFunctions = std::uint64_t{1} << 24;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 31;  // from the header to any part of it
constexpr std::size_t kLongestName = 1024;
constexpr std::size_t kLongestPath = 4096;
constexpr std::size_t kLongestTable = std::size_t{1} << 20;
constexpr std::size_t kMostInlined = 64;
constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::int32_t kTakenOff = -8;
constexpr std::uint32_t kNone = 0xffffffff;

// Indices of the 32-bit members of runtime._func behind `entry`.
enum Member : std::uint64_t {
  kNameOff,
  kArgs,
  kDeferReturn,
  kPcSp,
  kPcFile,
  kPcLine,
  kPcDataCount,
  kUnit,
  kMembers
};
// Source: src/internal/abi/symtab.go: PCDATA_InlTreeIndex, FUNCDATA_InlTree, FuncFlagTopFrame.
constexpr std::uint64_t kInlineIndex = 2;
constexpr std::uint64_t kInlineTree = 3;
constexpr std::uint8_t kTopFrame = 1;

// Words of runtime.moduledata. Source: src/runtime/symtab.go.
constexpr std::uint64_t kModuleNames = 1;
constexpr std::uint64_t kModuleText = 22;
constexpr std::uint64_t kModuleGoFunc118 = 38;
constexpr std::uint64_t kModuleGoFunc120 = 40;  // covctrs and ecovctrs came in between

/// Calls `visit(address, word)` for each aligned word of `[begin, end)` until it says true.
template <typename Visit>
bool find_word(const ByteSource& memory, std::uint64_t begin, std::uint64_t end, Visit visit) {
  std::vector<std::byte> piece(kPiece);
  begin = (begin + kAlignment - 1) & ~(kAlignment - 1);
  while (begin < end) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, end - begin));
    const std::size_t got = memory.read(begin, std::span{piece}.first(size));
    for (std::size_t i = 0; i + sizeof(std::uint64_t) <= got; i += kAlignment) {
      std::uint64_t word = 0;
      std::memcpy(&word, piece.data() + i, sizeof(word));
      if (visit(begin + i, word)) {
        return true;
      }
    }
    begin += size;
  }
  return false;
}

/// Unsigned numbers of seven bits a byte, least significant first.
class VarintReader {
 public:
  VarintReader(const ByteSource& memory, std::uint64_t at) : memory_(&memory), at_(at) {}

  std::optional<std::uint32_t> next() {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 32; shift += 7) {
      const auto byte = next_byte();
      if (!byte) {
        return std::nullopt;
      }
      value |= (*byte & 0x7fU) << shift;
      if ((*byte & 0x80U) == 0) {
        return value;
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<std::uint32_t> next_byte() {
    if (next_ == size_) {
      size_ = taken_ < kLongestTable ? memory_->read(at_ + taken_, buffer_) : 0;
      taken_ += size_;
      next_ = 0;
      if (size_ == 0) {
        return std::nullopt;
      }
    }
    return std::to_integer<std::uint32_t>(buffer_.at(next_++));
  }

  const ByteSource* memory_;
  std::uint64_t at_;
  std::array<std::byte, 64> buffer_{};
  std::size_t next_ = 0;
  std::size_t size_ = 0;
  std::size_t taken_ = 0;
};

constexpr bool is_known(std::uint64_t magic) {
  return magic == static_cast<std::uint64_t>(GoTable::Version::Go116) ||
         magic == static_cast<std::uint64_t>(GoTable::Version::Go118) ||
         magic == static_cast<std::uint64_t>(GoTable::Version::Go120);
}

}  // namespace

std::optional<GoTable> GoTable::parse(const ByteSource& memory, std::uint64_t at,
                                      std::uint64_t bias) {
  const auto first = read_value<std::uint64_t>(memory, at);
  if (!first || (*first & ~std::uint64_t{kNone}) != kAfterMagic || !is_known(*first & kNone)) {
    return std::nullopt;
  }
  GoTable table;
  table.header_ = at;
  table.version_ = static_cast<Version>(*first & kNone);
  const bool absolute = table.version_ == Version::Go116;
  const auto words = read_value<std::array<std::uint64_t, 8>>(memory, at + 8);
  if (!words) {
    return std::nullopt;
  }
  table.functions_ = (*words)[0];
  const std::size_t offsets = absolute ? 2 : 3;  // behind nfunc, nfiles and textStart
  for (std::size_t i = offsets; i < offsets + 5; ++i) {
    if ((*words).at(i) >= kMostBytes) {
      return std::nullopt;
    }
  }
  table.names_ = at + (*words).at(offsets);
  table.units_ = at + (*words).at(offsets + 1);
  table.files_ = at + (*words).at(offsets + 2);
  table.tables_ = at + (*words).at(offsets + 3);
  table.list_ = at + (*words).at(offsets + 4);
  if (table.functions_ == 0 || table.functions_ > kMostFunctions) {
    return std::nullopt;
  }
  if (!absolute) {
    // Not relocated: smaller than what the loader would have added.
    const std::uint64_t text = (*words)[2];
    table.text_ = text != 0 && text < bias ? text + bias : text;
  }
  const auto begin = table.function_pc(memory, 0);
  const auto end = table.function_pc(memory, table.functions_);
  if (!begin || !end || *begin >= *end) {
    return std::nullopt;
  }
  table.first_pc_ = *begin;
  table.end_pc_ = *end;
  return table;
}

std::optional<GoTable> GoTable::search(const ByteSource& memory, std::uint64_t begin,
                                       std::uint64_t end, std::uint64_t bias) {
  std::optional<GoTable> found;
  find_word(memory, begin, end, [&](std::uint64_t at, std::uint64_t word) {
    if ((word & ~std::uint64_t{kNone}) == kAfterMagic && is_known(word & kNone)) {
      found = parse(memory, at, bias);
    }
    return found.has_value();
  });
  return found;
}

void GoTable::find_module(const ByteSource& memory, std::uint64_t begin, std::uint64_t end) {
  if (version_ == Version::Go116) {
    return;  // its pointers are absolute
  }
  find_word(memory, begin, end, [&](std::uint64_t at, std::uint64_t word) {
    const auto member = [&](std::uint64_t index) {
      return read_value<std::uint64_t>(memory, at + index * sizeof(std::uint64_t)).value_or(0);
    };
    if (word != header_ || member(kModuleNames) != names_) {
      return false;
    }
    const std::uint64_t text = member(kModuleText);
    if (text_ == 0 && text != 0) {  // a linker that leaves it out of the header
      text_ = text;
      first_pc_ += text;
      end_pc_ += text;
    }
    if (text == text_) {
      module_ = at;
      go_func_ = member(version_ == Version::Go118 ? kModuleGoFunc118 : kModuleGoFunc120);
    }
    return text == text_;
  });
}

std::optional<std::uint64_t> GoTable::function_pc(const ByteSource& memory,
                                                  std::uint64_t index) const {
  if (version_ == Version::Go116) {
    return read_value<std::uint64_t>(memory, list_ + index * 16);
  }
  const auto offset = read_value<std::uint32_t>(memory, list_ + index * 8);
  return offset ? std::optional{text_ + *offset} : std::nullopt;
}

std::optional<GoTable::Function> GoTable::find(const ByteSource& memory, std::uint64_t pc) const {
  if (pc < first_pc_ || pc >= end_pc_) {
    return std::nullopt;
  }
  std::uint64_t low = 0;
  std::uint64_t high = functions_;
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto begin = function_pc(memory, middle);
    if (!begin) {
      return std::nullopt;
    }
    (*begin <= pc ? low : high) = middle;
  }
  const auto entry = function_pc(memory, low);
  std::optional<std::uint64_t> record;
  if (version_ == Version::Go116) {
    record = read_value<std::uint64_t>(memory, list_ + low * 16 + 8);
  } else if (const auto offset = read_value<std::uint32_t>(memory, list_ + low * 8 + 4)) {
    record = *offset;
  }
  if (!entry || !record || *record >= kMostBytes || *entry > pc) {
    return std::nullopt;
  }
  return Function{*entry, list_ + *record};
}

std::uint64_t GoTable::field(const Function& function, std::uint64_t index) const {
  const std::uint64_t entry_size = version_ == Version::Go116 ? 8 : 4;
  return function.record + entry_size + index * 4;
}

std::uint64_t GoTable::flags_at(const Function& function) const {
  // funcID, flag, padding, nfuncdata; startLine stands in front of them since 1.20.
  return field(function, kMembers + (version_ == Version::Go120 ? 1 : 0));
}

std::optional<std::uint32_t> GoTable::number(const ByteSource& memory, const Function& function,
                                             std::uint64_t index) const {
  return read_value<std::uint32_t>(memory, field(function, index));
}

std::string GoTable::text(const ByteSource& memory, std::int32_t name_offset) const {
  return name_offset < 0
             ? std::string{}
             : read_text(memory, names_ + static_cast<std::uint32_t>(name_offset), kLongestName);
}

std::string GoTable::name(const ByteSource& memory, const Function& function) const {
  const auto offset = read_value<std::int32_t>(memory, field(function, kNameOff));
  return text(memory, offset.value_or(-1));
}

std::optional<std::int32_t> GoTable::value_at(const ByteSource& memory, const Function& function,
                                              std::uint32_t table, std::uint64_t pc) const {
  if (table == 0) {
    return std::nullopt;
  }
  VarintReader numbers(memory, tables_ + table);
  std::uint64_t reached = function.entry;
  std::uint32_t value = kNone;  // counts from -1
  while (true) {
    const auto delta = numbers.next();
    const auto length = delta ? numbers.next() : std::nullopt;
    if (!length || (*delta == 0 && reached != function.entry)) {
      return std::nullopt;
    }
    value += (*delta >> 1U) ^ (0U - (*delta & 1U));  // zig-zag: the sign is the lowest bit
    reached += *length;
    if (pc < reached) {
      return static_cast<std::int32_t>(value);
    }
  }
}

std::optional<std::int64_t> GoTable::frame_size(const ByteSource& memory, const Function& function,
                                                std::uint64_t pc) const {
  const auto table = number(memory, function, kPcSp);
  const auto size = table ? value_at(memory, function, *table, pc) : std::nullopt;
  if (!size || *size < kTakenOff || *size % 8 != 0) {
    return std::nullopt;
  }
  return *size;
}

bool GoTable::is_outermost(const ByteSource& memory, const Function& function) const {
  const auto flags = read_value<std::uint8_t>(memory, flags_at(function) + 1);
  if (flags && (*flags & kTopFrame) != 0) {
    return true;
  }
  // mcall and morestack run on a stack of the thread's own, and never return to what is below.
  static constexpr std::array<std::string_view, 5> kOutermost = {
      "runtime.goexit", "runtime.rt0_go", "runtime.mstart", "runtime.mcall", "runtime.morestack"};
  std::string own = name(memory, function);
  if (own.ends_with(".abi0")) {
    own.resize(own.size() - 5);
  }
  return std::find(kOutermost.begin(), kOutermost.end(), own) != kOutermost.end();
}

void GoTable::locate_line(const ByteSource& memory, const Function& function, std::uint64_t pc,
                          GoPosition& position) const {
  const auto file_table = number(memory, function, kPcFile);
  const auto unit = number(memory, function, kUnit);
  const auto file = file_table ? value_at(memory, function, *file_table, pc) : std::nullopt;
  if (!file || *file < 0 || !unit || *unit == kNone) {
    return;
  }
  const auto path = read_value<std::uint32_t>(
      memory, units_ + (std::uint64_t{*unit} + static_cast<std::uint32_t>(*file)) * 4);
  const auto line_table = number(memory, function, kPcLine);
  const auto line = line_table ? value_at(memory, function, *line_table, pc) : std::nullopt;
  if (path && *path != kNone && line && *line > 0) {
    position.file = read_text(memory, files_ + *path, kLongestPath);
    position.line = static_cast<std::uint32_t>(*line);
  }
}

std::uint64_t GoTable::inline_tree(const ByteSource& memory, const Function& function) const {
  const std::uint64_t flags = flags_at(function);
  const auto count = read_value<std::uint8_t>(memory, flags + 3);
  const auto pcdata = number(memory, function, kPcDataCount);
  if (!count || *count <= kInlineTree || !pcdata) {
    return 0;
  }
  const std::uint64_t funcdata = flags + 4 + std::uint64_t{*pcdata} * 4;
  if (version_ == Version::Go116) {
    const std::uint64_t aligned = (funcdata + 7) & ~std::uint64_t{7};
    return read_value<std::uint64_t>(memory, aligned + kInlineTree * 8).value_or(0);
  }
  const auto offset = read_value<std::uint32_t>(memory, funcdata + kInlineTree * 4);
  return !offset || *offset == kNone || go_func_ == 0 ? 0 : go_func_ + *offset;
}

std::optional<std::int32_t> GoTable::inline_index(const ByteSource& memory,
                                                  const Function& function,
                                                  std::uint64_t pc) const {
  const auto count = number(memory, function, kPcDataCount);
  if (!count || *count <= kInlineIndex) {
    return std::nullopt;
  }
  const auto table = read_value<std::uint32_t>(memory, flags_at(function) + 4 + kInlineIndex * 4);
  return table ? value_at(memory, function, *table, pc) : std::nullopt;
}

std::vector<GoPosition> GoTable::locate(const ByteSource& memory, const Function& function,
                                        std::uint64_t pc) const {
  struct Layout {
    std::uint64_t size, name, parent_pc;
  };
  const Layout layout = version_ == Version::Go120 ? Layout{16, 4, 8} : Layout{20, 12, 16};
  const std::uint64_t tree = inline_tree(memory, function);
  std::vector<GoPosition> positions;
  while (tree != 0 && positions.size() < kMostInlined) {
    const auto index = inline_index(memory, function, pc);
    if (!index || *index < 0) {
      break;
    }
    const std::uint64_t call = tree + static_cast<std::uint32_t>(*index) * layout.size;
    const auto name_offset = read_value<std::int32_t>(memory, call + layout.name);
    const auto parent = read_value<std::int32_t>(memory, call + layout.parent_pc);
    if (!name_offset || !parent || *parent < 0) {
      break;
    }
    GoPosition& position = positions.emplace_back();
    position.inlined = true;
    position.function = text(memory, *name_offset);
    locate_line(memory, function, pc, position);
    pc = function.entry + static_cast<std::uint32_t>(*parent);
  }
  GoPosition& outer = positions.emplace_back();
  outer.function = name(memory, function);
  locate_line(memory, function, pc, outer);
  return positions;
}

}  // namespace boxtrace::stacks
