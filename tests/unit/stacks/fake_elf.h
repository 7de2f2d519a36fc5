#pragma once
// Small ELF files and the call frame information of small functions, made by hand.

#include <elf.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/stacks/fake_bytes.h"

namespace boxtrace::stacks::test {

inline constexpr std::uint64_t kFrames = 0x3000;  ///< where .eh_frame is

template <typename T>
void append(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

/// A function of 16 bytes and what its frame information says beyond "the return address is on
/// top".
struct Described {
  std::uint64_t begin = 0;
  std::string instructions;
};

/// .eh_frame at kFrames.
inline std::string make_eh_frame(const std::vector<Described>& functions) {
  std::string out;
  const auto record = [&out](std::string body) {
    body.resize((body.size() + 3) & ~std::size_t{3});  // DW_CFA_nop
    append(out, static_cast<std::uint32_t>(body.size()));
    out += body;
  };
  std::string common;
  append(common, std::uint32_t{0});
  // version 1, "zR", alignment 1 and -8, return address 16, pc-relative addresses of 4 bytes;
  // def_cfa rsp+8; offset rip at cfa-8
  common += std::string("\x01zR\0\x01\x78\x10\x01\x1b\x0c\x07\x08\x90\x01", 14);
  record(common);
  for (const Described& function : functions) {
    std::string body;
    append(body, static_cast<std::uint32_t>(out.size() + 4));  // back to the common entry at 0
    append(body, static_cast<std::int32_t>(function.begin - (kFrames + out.size() + 8)));
    append(body, std::uint32_t{16});
    body += '\0';
    record(body + function.instructions);
  }
  append(out, std::uint32_t{0});
  return out;
}

/// An ELF file that has an .eh_frame section and a symbol table with these functions of 16 bytes.
inline FakeBytes make_file(const std::string& eh_frame,
                           const std::vector<std::pair<std::string, std::uint64_t>>& functions) {
  std::string strings("\0", 1);
  std::string symbols(sizeof(Elf64_Sym), '\0');
  for (const auto& [name, value] : functions) {
    Elf64_Sym symbol{};
    symbol.st_name = static_cast<Elf64_Word>(strings.size());
    symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbol.st_shndx = 1;
    symbol.st_value = value;
    symbol.st_size = 16;
    append(symbols, symbol);
    strings += name + '\0';
  }
  const std::string names("\0.eh_frame\0", 11);
  const std::vector<std::pair<Elf64_Word, std::string>> parts = {{SHT_NULL, ""},
                                                                 {SHT_PROGBITS, eh_frame},
                                                                 {SHT_SYMTAB, symbols},
                                                                 {SHT_STRTAB, strings},
                                                                 {SHT_STRTAB, names}};
  FakeBytes file;
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_machine = EM_X86_64;
  header.e_shoff = 0x100;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = static_cast<Elf64_Half>(parts.size());
  header.e_shstrndx = 4;
  file.put_value(0, header);
  std::uint64_t at = 0x1000;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Elf64_Shdr section{};
    section.sh_type = parts[i].first;
    section.sh_name = i == 1 ? 1 : 0;
    section.sh_addr = i == 1 ? kFrames : 0;
    section.sh_offset = at;
    section.sh_size = parts[i].second.size();
    section.sh_link = 3;
    file.put_value(0x100 + i * sizeof(section), section);
    file.put(at, parts[i].second);
    at += parts[i].second.size();
  }
  return file;
}

}  // namespace boxtrace::stacks::test
