#include "tracer/stacks/symbol_table.h"

#include <cxxabi.h>
#include <elf.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "tracer/base/bytes.h"

namespace boxtrace::stacks {
namespace {

// What the largest browsers need, several times over; a file that claims more is lying.
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 28;
constexpr std::uint64_t kPiece = std::uint64_t{1} << 20;
constexpr std::uint64_t kMostSections = 4096;
constexpr std::uint64_t kMostDynamicEntries = 512;
// An assembly routine without a size: a name further away than this is not its name.
constexpr std::uint64_t kFarthest = 4096;
// Demangling recurses along the name, and each pair of references to what came before may double
// the result: a hostile name of some hundred bytes asks for all the memory there is.
constexpr std::size_t kLongestMangled = 1024;
constexpr std::size_t kMostReferences = 40;

/// Grows with what is there, not with what a header claims.
base::Bytes read_bytes(const ByteSource& source, std::uint64_t at, std::uint64_t size) {
  base::Bytes bytes;
  const std::uint64_t wanted = std::min(size, kMostBytes);
  while (bytes.size() < wanted) {
    const std::size_t have = bytes.size();
    bytes.resize(have + static_cast<std::size_t>(std::min(kPiece, wanted - have)));
    const std::size_t got = source.read(at + have, std::span{bytes}.subspan(have));
    if (have + got < bytes.size()) {
      bytes.resize(have + got);
      break;
    }
  }
  return bytes;
}

template <typename T>
T take(base::ByteView bytes, std::size_t index) {
  T value{};
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

bool is_function(const Elf64_Sym& symbol) {
  const auto type = ELF64_ST_TYPE(symbol.st_info);
  const bool is_code = type == STT_FUNC || type == STT_GNU_IFUNC ||
                       (type == STT_NOTYPE && symbol.st_size == 0);  // labels of assembly
  return is_code && symbol.st_value != 0 && symbol.st_name != 0 && symbol.st_shndx != SHN_UNDEF &&
         symbol.st_shndx != SHN_ABS;
}

std::size_t underscores(std::string_view name) {
  return std::min(name.find_first_not_of('_'), name.size());
}

/// At least the number of S_, S1_, T_, T1_ ... in a mangled name. Source: Itanium C++ ABI,
/// "Compression".
std::size_t count_references(std::string_view mangled) {
  std::size_t count = 0;
  for (std::size_t at = mangled.find('_'); at != std::string_view::npos;
       at = mangled.find('_', at + 1)) {
    const std::size_t letter =
        mangled.substr(0, at).find_last_not_of("0123456789ABCDEFGHIJKLMNOPQRUVWXYZ");
    count += letter != std::string_view::npos && (mangled[letter] == 'S' || mangled[letter] == 'T')
                 ? 1U
                 : 0U;
  }
  return count;
}

/// The number of symbols, which a dynamic section does not say: the chains of the hash table end
/// with the last one. Source: System V ABI "Hash Table"; binutils' description of DT_GNU_HASH.
std::uint64_t count_by_gnu_hash(const ByteSource& memory, std::uint64_t table) {
  struct Header {
    std::uint32_t buckets, first, bloom_words, bloom_shift;
  };
  const auto header = read_value<Header>(memory, table);
  if (!header) {
    return 0;
  }
  const std::uint64_t buckets = table + sizeof(Header) + std::uint64_t{header->bloom_words} * 8;
  const base::Bytes heads = read_bytes(memory, buckets, std::uint64_t{header->buckets} * 4);
  std::uint32_t last = 0;
  for (std::size_t i = 0; i < heads.size() / 4; ++i) {
    last = std::max(last, take<std::uint32_t>(heads, i));
  }
  if (last < header->first) {
    return header->first;
  }
  const std::uint64_t chains = buckets + std::uint64_t{header->buckets} * 4;
  for (; last < kMostBytes / sizeof(Elf64_Sym); ++last) {
    const auto link =
        read_value<std::uint32_t>(memory, chains + (std::uint64_t{last} - header->first) * 4);
    if (!link || (*link & 1) != 0) {
      break;
    }
  }
  return std::uint64_t{last} + 1;
}

}  // namespace

void SymbolTable::add(const ByteSource& source, std::uint64_t symbols, std::uint64_t symbols_size,
                      std::uint64_t names, std::uint64_t names_size) {
  const base::Bytes table = read_bytes(source, symbols, symbols_size);
  const std::size_t base = names_.size();
  names_ += base::as_chars(read_bytes(source, names, names_size));
  names_ += '\0';
  for (std::size_t i = 0; i < table.size() / sizeof(Elf64_Sym); ++i) {
    const auto symbol = take<Elf64_Sym>(table, i);
    if (is_function(symbol) && symbol.st_name < names_.size() - base) {
      symbols_.push_back({symbol.st_value, symbol.st_size, base + symbol.st_name});
    }
  }
}

void SymbolTable::finish() {
  const auto order = [this](const Symbol& a, const Symbol& b) {
    if (a.start != b.start) {
      return a.start < b.start;
    }
    if ((a.size == 0) != (b.size == 0)) {
      return b.size == 0;
    }
    const std::string_view left = name_of(a);
    const std::string_view right = name_of(b);
    if (underscores(left) != underscores(right)) {
      return underscores(left) < underscores(right);
    }
    return left.size() != right.size() ? left.size() < right.size() : left < right;
  };
  std::sort(symbols_.begin(), symbols_.end(), order);
  const auto same = [](const Symbol& a, const Symbol& b) { return a.start == b.start; };
  symbols_.erase(std::unique(symbols_.begin(), symbols_.end(), same), symbols_.end());
}

SymbolTable SymbolTable::from_file(const ByteSource& file) {
  SymbolTable table;
  const auto header = read_value<Elf64_Ehdr>(file, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_shentsize != sizeof(Elf64_Shdr)) {
    return table;
  }
  const auto section = [&](std::uint64_t index) {
    return read_value<Elf64_Shdr>(file, header->e_shoff + index * sizeof(Elf64_Shdr));
  };
  const std::uint64_t count = std::min<std::uint64_t>(header->e_shnum, kMostSections);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto one = section(i);
    if (!one || (one->sh_type != SHT_SYMTAB && one->sh_type != SHT_DYNSYM)) {
      continue;
    }
    if (const auto names = section(one->sh_link); names && names->sh_type == SHT_STRTAB) {
      table.add(file, one->sh_offset, one->sh_size, names->sh_offset, names->sh_size);
    }
  }
  table.finish();
  return table;
}

SymbolTable SymbolTable::from_memory(const ByteSource& memory, const ElfImage& image) {
  SymbolTable table;
  std::uint64_t symbols = 0;
  std::uint64_t names = 0;
  std::uint64_t names_size = 0;
  std::uint64_t hash = 0;
  std::uint64_t gnu_hash = 0;
  // The loader relocates these addresses in its copy of the section, except in the vdso.
  const auto here = [&image](std::uint64_t address) {
    return image.find(address) != nullptr ? address : address + image.bias;
  };
  for (std::uint64_t i = 0; image.dynamic != 0 && i < kMostDynamicEntries; ++i) {
    const auto entry = read_value<Elf64_Dyn>(memory, image.dynamic + i * sizeof(Elf64_Dyn));
    if (!entry || entry->d_tag == DT_NULL) {
      break;
    }
    switch (entry->d_tag) {
      case DT_SYMTAB:
        symbols = here(entry->d_un.d_ptr);
        break;
      case DT_STRTAB:
        names = here(entry->d_un.d_ptr);
        break;
      case DT_STRSZ:
        names_size = entry->d_un.d_val;
        break;
      case DT_HASH:
        hash = here(entry->d_un.d_ptr);
        break;
      case DT_GNU_HASH:
        gnu_hash = here(entry->d_un.d_ptr);
        break;
      default:
        break;
    }
  }
  if (symbols == 0 || names == 0) {
    return table;
  }
  // The second word of a DT_HASH table is the length of its chains: one link per symbol.
  const std::uint64_t count = hash != 0 ? read_value<std::uint32_t>(memory, hash + 4).value_or(0)
                                        : (gnu_hash != 0 ? count_by_gnu_hash(memory, gnu_hash) : 0);
  table.add(memory, symbols, count * sizeof(Elf64_Sym), names, names_size);
  table.finish();
  return table;
}

std::string_view SymbolTable::name_of(const Symbol& symbol) const {
  return names_.c_str() + symbol.name;
}

std::optional<SymbolTable::Found> SymbolTable::find(std::uint64_t address) const {
  auto after =
      std::upper_bound(symbols_.begin(), symbols_.end(), address,
                       [](std::uint64_t at, const Symbol& symbol) { return at < symbol.start; });
  if (after == symbols_.begin()) {
    return std::nullopt;
  }
  const Symbol& symbol = *std::prev(after);
  const std::uint64_t reach = symbol.size != 0 ? symbol.size : kFarthest;
  if (address - symbol.start >= reach) {
    return std::nullopt;
  }
  return Found{name_of(symbol), symbol.start};
}

std::string demangle(std::string_view name) {
  if (!name.starts_with("_Z") || name.size() > kLongestMangled ||
      count_references(name) > kMostReferences) {
    return std::string(name);
  }
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> readable{
      abi::__cxa_demangle(std::string(name).c_str(), nullptr, nullptr, &status), std::free};
  return status == 0 && readable != nullptr ? readable.get() : std::string(name);
}

}  // namespace boxtrace::stacks
