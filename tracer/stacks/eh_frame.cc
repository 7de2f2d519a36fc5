#include "tracer/stacks/eh_frame.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "tracer/base/bytes.h"

namespace boxtrace::stacks {
namespace {

constexpr std::uint64_t kMostSections = 4096;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 26;
// DW_EH_PE_*, LSB Core "DWARF Exception Header Encoding": those that GCC and LLVM write here.
constexpr std::uint8_t kAbsolute8 = 0x00;
constexpr std::uint8_t kRelative4 = 0x1b;

struct Section {
  std::uint64_t address = 0;
  base::Bytes bytes;
};

std::optional<Section> read_eh_frame(const ByteSource& file) {
  const auto header = read_value<Elf64_Ehdr>(file, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_shentsize != sizeof(Elf64_Shdr)) {
    return std::nullopt;
  }
  const auto section = [&](std::uint64_t index) {
    return read_value<Elf64_Shdr>(file, header->e_shoff + index * sizeof(Elf64_Shdr));
  };
  const auto names = section(header->e_shstrndx);
  const std::uint64_t count = std::min<std::uint64_t>(header->e_shnum, kMostSections);
  for (std::uint64_t i = 0; names && i < count; ++i) {
    const auto one = section(i);
    if (!one || read_text(file, names->sh_offset + one->sh_name, 16) != ".eh_frame") {
      continue;
    }
    Section found{
        one->sh_addr,
        base::Bytes(static_cast<std::size_t>(std::min<std::uint64_t>(one->sh_size, kMostBytes)))};
    found.bytes.resize(file.read(one->sh_offset, found.bytes));
    return found;
  }
  return std::nullopt;
}

/// How a common information entry says that its functions' addresses are written; nothing when it
/// is of no use. `body` begins behind the entry's id.
std::optional<std::uint8_t> address_encoding(base::ByteView body) {
  std::size_t at = 1;  // version
  const std::size_t end = base::as_chars(body).find('\0', at);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view augmentation = base::as_chars(body).substr(at, end - at);
  if (augmentation.empty()) {
    return kAbsolute8;
  }
  const auto skip_number = [&body](std::size_t from) {
    while (from < body.size() && (std::to_integer<unsigned>(body[from]) & 0x80U) != 0) {
      ++from;
    }
    return from + 1;
  };
  at = end + 1;
  for (int i = 0; i < 4; ++i) {  // alignment factors, return register, length of what follows
    at = skip_number(at);
  }
  for (const char letter : augmentation) {
    const auto byte = base::read_le<std::uint8_t>(body, at);
    switch (letter) {
      case 'z':
      case 'S':
        break;
      case 'R':
        return byte;
      case 'L':
        ++at;
        break;
      case 'P':
        if (!byte) {
          return std::nullopt;
        }
        at += (*byte & 0x0fU) == 0x0bU || (*byte & 0x0fU) == 0x03U ? 5U : 9U;
        break;
      default:
        return std::nullopt;
    }
  }
  return kAbsolute8;
}

std::optional<std::uint64_t> function_address(const Section& section, std::size_t at,
                                              std::uint8_t encoding) {
  if (encoding == kRelative4) {
    const auto distance = base::read_le<std::int32_t>(section.bytes, at);
    return distance ? std::optional{section.address + at + static_cast<std::uint64_t>(*distance)}
                    : std::nullopt;
  }
  return encoding == kAbsolute8 ? base::read_le<std::uint64_t>(section.bytes, at) : std::nullopt;
}

std::vector<FrameTable::Entry> read_entries(const Section& section) {
  std::vector<FrameTable::Entry> entries;
  std::map<std::size_t, std::optional<std::uint8_t>> encodings;  // by the place of the common entry
  std::size_t at = 0;
  while (const auto length = base::read_le<std::uint32_t>(section.bytes, at)) {
    const std::size_t id_at = at + 4;
    const auto id = base::read_le<std::uint32_t>(section.bytes, id_at);
    // A length of zero ends the list, all ones begins a form for tables of more than 4 GiB.
    if (*length < 4 || *length == std::numeric_limits<std::uint32_t>::max() || !id ||
        section.bytes.size() - id_at < *length) {
      break;
    }
    if (*id == 0) {
      encodings[at] =
          address_encoding(base::ByteView{section.bytes}.subspan(id_at + 4, *length - 4));
    } else if (const auto common = encodings.find(id_at - *id);
               common != encodings.end() && common->second) {
      const auto function = function_address(section, id_at + 4, *common->second);
      const std::uint64_t distance = function ? *function - section.address : 0;
      if (function && *function != 0 &&
          static_cast<std::int64_t>(distance) == static_cast<std::int32_t>(distance)) {
        entries.push_back({static_cast<std::int32_t>(distance), static_cast<std::int32_t>(at)});
      }
    }
    at = id_at + *length;
  }
  return entries;
}

}  // namespace

std::optional<FrameTable> index_eh_frame(const ByteSource& file) {
  const auto section = read_eh_frame(file);
  auto entries = section ? read_entries(*section) : std::vector<FrameTable::Entry>{};
  if (entries.empty()) {
    return std::nullopt;
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.function < b.function; });
  FrameTable table;
  table.base = section->address;
  table.count = entries.size();
  table.own = std::make_shared<const std::vector<FrameTable::Entry>>(std::move(entries));
  return table;
}

}  // namespace boxtrace::stacks
