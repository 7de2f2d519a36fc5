#pragma once
// The programs and libraries in the memory of one process, and what is known of each.
//
// What costs time (searching for a Go table, reading symbols) is done once for each binary, however
// many processes run it and under whatever name: a binary is known by its build id and the bytes of
// its first page, and where it has no build id by device and inode too.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tracer/base/procfs_text.h"
#include "tracer/stacks/byte_source.h"
#include "tracer/stacks/cfi.h"
#include "tracer/stacks/elf_image.h"
#include "tracer/stacks/go_table.h"
#include "tracer/stacks/symbol_table.h"

namespace boxtrace::stacks {

struct Module {
  base::MemoryMapping first;  ///< its mapping of file offset 0
  std::string identity;       ///< equal for all mappings of the same binary
  ElfImage image;
  std::optional<FrameTable> frames;
  std::optional<GoTable> go;
};

/// Finds files for modules. They may be out of reach, or be others than those that are mapped.
class ModuleFiles {
 public:
  ModuleFiles() = default;
  ModuleFiles(const ModuleFiles&) = delete;
  ModuleFiles& operator=(const ModuleFiles&) = delete;
  ModuleFiles(ModuleFiles&&) = delete;
  ModuleFiles& operator=(ModuleFiles&&) = delete;
  virtual ~ModuleFiles() = default;

  /// Files that may be the one of `mapping`, best first.
  [[nodiscard]] virtual std::vector<std::unique_ptr<ByteSource>> open(
      const base::MemoryMapping& mapping) const = 0;
  /// The file of symbols that a distribution ships apart, or null.
  [[nodiscard]] virtual std::unique_ptr<ByteSource> open_debug(
      const std::string& build_id) const = 0;
};

/// What is known of binaries, for all processes.
class ModuleCache {
 public:
  /// Where a Go program keeps its table, as addresses of its own: without the bias.
  struct GoPlace {
    std::uint64_t table = 0;
    std::uint64_t module = 0;  ///< 0: not found
  };
  /// Parses the module's Go table, if it has one; searches for it when the binary is new.
  void add_go_table(const ByteSource& memory, Module& module);
  /// Finds the call frame information of the module.
  void add_frame_table(const ByteSource& memory, const ModuleFiles& files, Module& module);
  [[nodiscard]] const SymbolTable& symbols(const ByteSource& memory, const ModuleFiles& files,
                                           const Module& module);
  /// The address of main, as _start tells it to the C library; 0 when it is not known. Without the
  /// bias.
  [[nodiscard]] std::uint64_t main_function(const ByteSource& memory, const Module& module);

 private:
  std::map<std::string, std::optional<GoPlace>> go_places_;
  std::map<std::string, std::optional<FrameTable>> frame_tables_;  ///< those without a header
  std::map<std::string, SymbolTable> symbols_;
  std::map<std::string, std::uint64_t> mains_;
};

class AddressSpace {
 public:
  /// Keeps references. `mappings` as /proc/PID/maps has them, in order.
  AddressSpace(const ByteSource& memory, std::vector<base::MemoryMapping> mappings,
               const ModuleFiles& files, ModuleCache& cache)
      : memory_(&memory), mappings_(std::move(mappings)), files_(&files), cache_(&cache) {}

  [[nodiscard]] const ByteSource& memory() const { return *memory_; }
  [[nodiscard]] const ModuleFiles& files() const { return *files_; }
  [[nodiscard]] ModuleCache& cache() const { return *cache_; }
  /// The mapping that `at` lies in, or null.
  [[nodiscard]] const base::MemoryMapping* mapping(std::uint64_t at) const;
  /// The module that `at` lies in, or null. It is good as long as this object.
  [[nodiscard]] const Module* module(std::uint64_t at);
  [[nodiscard]] bool is_code(std::uint64_t at) const;

 private:
  const ByteSource* memory_;
  std::vector<base::MemoryMapping> mappings_;
  const ModuleFiles* files_;
  ModuleCache* cache_;
  /// By the begin of the first mapping; null where no ELF image begins.
  std::map<std::uint64_t, std::unique_ptr<Module>> modules_;
};

}  // namespace boxtrace::stacks
