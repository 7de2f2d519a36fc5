#pragma once
// Names of functions from ELF symbols. A name is given only to an address within the symbol's size:
// the nearest symbol below an address of a stripped program is nearly always the wrong one.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/stacks/byte_source.h"
#include "tracer/stacks/elf_image.h"

namespace boxtrace::stacks {

class SymbolTable {
 public:
  /// .symtab and .dynsym of an ELF file; empty when it is none or has none.
  [[nodiscard]] static SymbolTable from_file(const ByteSource& file);
  /// .dynsym through the dynamic section, for a file that cannot be opened, and for the vdso.
  [[nodiscard]] static SymbolTable from_memory(const ByteSource& memory, const ElfImage& image);

  struct Found {
    std::string_view name;  ///< as in the file: mangled
    std::uint64_t start = 0;
  };
  /// The function at `address`, which is the module's own: without the bias. Of several names of
  /// one function, the one without underscores in front.
  [[nodiscard]] std::optional<Found> find(std::uint64_t address) const;

  [[nodiscard]] std::size_t size() const { return symbols_.size(); }

 private:
  struct Symbol {
    std::uint64_t start = 0;
    std::uint64_t size = 0;  ///< 0: up to the next one
    std::size_t name = 0;    ///< offset in names_
  };
  void add(const ByteSource& source, std::uint64_t symbols, std::uint64_t symbols_size,
           std::uint64_t names, std::uint64_t names_size);
  void finish();
  [[nodiscard]] std::string_view name_of(const Symbol& symbol) const;

  std::vector<Symbol> symbols_;
  std::string names_;
};

/// A C++ name as a person writes it; any other name as it is.
[[nodiscard]] std::string demangle(std::string_view name);

}  // namespace boxtrace::stacks
