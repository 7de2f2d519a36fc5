#include "tracer/stacks/modules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tracer/base/bytes.h"
#include "tracer/stacks/eh_frame.h"
#include "tracer/stacks/instructions.h"

namespace boxtrace::stacks {
namespace {

constexpr std::size_t kPageSize = 4096;
constexpr std::uint64_t kStartSize = 64;  // _start has some 40 bytes

using Page = std::array<std::byte, kPageSize>;

bool is_same_file(const base::MemoryMapping& a, const base::MemoryMapping& b) {
  return a.inode == b.inode && a.device == b.device && a.path == b.path;
}

std::string identity_of(const ByteSource& memory, const base::MemoryMapping& first,
                        const ElfImage& image) {
  Page page{};
  const std::size_t size = memory.read(first.begin, page);
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (std::size_t i = 0; i < size; ++i) {
    hash = (hash ^ std::to_integer<std::uint64_t>(page.at(i))) * 0x100000001b3;
  }
  return image.build_id.empty() ? fmt::format("{}:{}:{:x}", first.device, first.inode, hash)
                                : fmt::format("{}:{:x}", image.build_id, hash);
}

/// A file that begins as the module does is the module's, as far as its headers tell.
bool begins_alike(const ByteSource& memory, std::uint64_t at, const ByteSource& file) {
  Page mapped{};
  Page stored{};
  const std::size_t size = file.read(0, stored);
  return size != 0 && memory.read(at, std::span{mapped}.first(size)) == size &&
         std::equal(mapped.begin(), mapped.begin() + static_cast<std::ptrdiff_t>(size),
                    stored.begin());
}

std::unique_ptr<Module> read_module(const ByteSource& memory, const ModuleFiles& files,
                                    const base::MemoryMapping& first, ModuleCache& cache) {
  auto image = read_elf_image(memory, first.begin);
  if (!image) {
    return nullptr;
  }
  auto module = std::make_unique<Module>();
  module->first = first;
  module->image = *std::move(image);
  module->identity = identity_of(memory, first, module->image);
  cache.add_frame_table(memory, files, *module);
  cache.add_go_table(memory, *module);
  return module;
}

/// A table of this module: its functions are in the module's own code.
std::optional<GoTable> accept(std::optional<GoTable> table, const ElfImage& image) {
  const ElfImage::Segment* const code = table ? image.find(table->text_begin()) : nullptr;
  return code != nullptr && code->executable && table->text_end() <= code->end ? table
                                                                               : std::nullopt;
}

}  // namespace

void ModuleCache::add_go_table(const ByteSource& memory, Module& module) {
  const ElfImage& image = module.image;
  const auto known = go_places_.find(module.identity);
  if (known != go_places_.end()) {
    if (known->second) {
      auto table = GoTable::parse(memory, known->second->table + image.bias, image.bias);
      const std::uint64_t at = known->second->module + image.bias;
      if (table && known->second->module != 0) {
        table->find_module(memory, at, at + sizeof(std::uint64_t));
      }
      module.go = accept(table, image);
    }
    return;
  }
  std::optional<GoPlace> place;
  for (const ElfImage::Segment& segment : image.segments) {
    auto table = segment.executable
                     ? std::nullopt
                     : GoTable::search(memory, segment.begin, segment.end, image.bias);
    if (!table) {
      continue;
    }
    place = GoPlace{table->address() - image.bias, 0};
    for (const ElfImage::Segment& data : image.segments) {
      if (data.writable && table->module() == 0) {
        table->find_module(memory, data.begin, data.end);
      }
    }
    if (table->module() != 0) {
      place->module = table->module() - image.bias;
    }
    module.go = accept(table, image);
    break;
  }
  if (!place || module.go) {  // else: not relocated yet, perhaps; it is looked for again
    go_places_.emplace(module.identity, place);
  }
}

void ModuleCache::add_frame_table(const ByteSource& memory, const ModuleFiles& files,
                                  Module& module) {
  const ElfImage& image = module.image;
  if (image.eh_frame_hdr != 0) {
    module.frames = parse_frame_table(memory, image.eh_frame_hdr);
    return;
  }
  // Static programs: the same information without a table, at a place that only sections tell.
  const auto [known, is_new] = frame_tables_.try_emplace(module.identity);
  if (is_new) {
    for (const auto& file : files.open(module.first)) {
      if (begins_alike(memory, module.first.begin, *file)) {
        known->second = index_eh_frame(*file);
        break;
      }
    }
  }
  module.frames = known->second;
  if (module.frames) {
    module.frames->base += image.bias;
  }
}

const SymbolTable& ModuleCache::symbols(const ByteSource& memory, const ModuleFiles& files,
                                        const Module& module) {
  const auto known = symbols_.find(module.identity);
  if (known != symbols_.end()) {
    return known->second;
  }
  SymbolTable table;
  if (const auto debug = files.open_debug(module.image.build_id)) {
    table = SymbolTable::from_file(*debug);
  }
  for (const auto& file : files.open(module.first)) {
    if (table.size() == 0 && begins_alike(memory, module.first.begin, *file)) {
      table = SymbolTable::from_file(*file);
    }
  }
  if (table.size() == 0) {
    table = SymbolTable::from_memory(memory, module.image);
  }
  return symbols_.emplace(module.identity, std::move(table)).first->second;
}

std::uint64_t ModuleCache::main_function(const ByteSource& memory, const Module& module) {
  const auto [known, is_new] = mains_.try_emplace(module.identity, 0);
  if (!is_new) {
    return known->second;
  }
  // _start: `lea rdi, [rip + main]` or `mov rdi, main`, then a call of __libc_start_main.
  const Disassembler disassembler;
  std::array<std::byte, kStartSize> code{};
  const std::size_t size = memory.read(module.image.entry, code);
  std::size_t at = 0;
  while (at < size) {
    const auto operand =
        disassembler.inspect(std::span{code}.first(size).subspan(at), module.image.entry + at);
    if (operand.rdi) {
      const ElfImage::Segment* const segment = module.image.find(*operand.rdi);
      known->second =
          segment != nullptr && segment->executable ? *operand.rdi - module.image.bias : 0;
      break;
    }
    if (operand.size == 0) {
      break;
    }
    at += operand.size;
  }
  return known->second;
}

const base::MemoryMapping* AddressSpace::mapping(std::uint64_t at) const {
  const auto after = std::upper_bound(
      mappings_.begin(), mappings_.end(), at,
      [](std::uint64_t address, const base::MemoryMapping& one) { return address < one.begin; });
  if (after == mappings_.begin() || !std::prev(after)->contains(at)) {
    return nullptr;
  }
  return &*std::prev(after);
}

bool AddressSpace::is_code(std::uint64_t at) const {
  const base::MemoryMapping* const found = mapping(at);
  return found != nullptr && found->executable;
}

const Module* AddressSpace::module(std::uint64_t at) {
  const base::MemoryMapping* const own = mapping(at);
  if (own == nullptr || own->path.empty()) {
    return nullptr;
  }
  // A file can be mapped more than once; the nearest beginning below is the one.
  for (auto next = static_cast<std::size_t>(own - mappings_.data()) + 1; next > 0; --next) {
    const base::MemoryMapping& first = mappings_[next - 1];
    if (first.offset != 0 || !is_same_file(first, *own)) {
      continue;
    }
    const auto [known, is_new] = modules_.try_emplace(first.begin, nullptr);
    if (is_new) {
      known->second = read_module(*memory_, *files_, first, *cache_);
    }
    if (known->second != nullptr && known->second->image.find(at) != nullptr) {
      return known->second.get();
    }
  }
  return nullptr;
}

}  // namespace boxtrace::stacks
