#include "tracer/stacks/elf_image.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "tracer/base/bytes.h"

namespace boxtrace::stacks {
namespace {

constexpr std::uint64_t kPageMask = 4095;
constexpr std::size_t kMostHeaders = 128;  // real files have about a dozen
constexpr std::uint64_t kMostNotes = 4096;
constexpr std::uint64_t kMostBuildId = 64;  // SHA-1 has 20 bytes

std::optional<Elf64_Ehdr> read_header(const ByteSource& memory, std::uint64_t base) {
  const auto header = read_value<Elf64_Ehdr>(memory, base);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64 ||
      header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum > kMostHeaders) {
    return std::nullopt;
  }
  return header;
}

std::uint64_t align4(std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; }

void read_notes(const ByteSource& memory, std::uint64_t at, std::uint64_t size, ElfImage& image) {
  base::Bytes notes(static_cast<std::size_t>(std::min(size, kMostNotes)));
  notes.resize(memory.read(at, notes));
  std::uint64_t next = 0;
  while (const auto note = base::read_le<std::uint64_t>(notes, next)) {
    const std::uint64_t name_size = *note & 0xffffffff;
    const std::uint64_t text_size = *note >> 32;
    const auto type = base::read_le<std::uint32_t>(notes, next + 8);
    const std::uint64_t name = next + sizeof(Elf64_Nhdr);
    const std::uint64_t text = name + align4(name_size);
    next = text + align4(text_size);
    if (!type || next > notes.size()) {
      return;
    }
    const std::string_view owner = base::as_chars(notes).substr(name, name_size);
    if (owner == std::string_view("GNU\0", 4) && *type == NT_GNU_BUILD_ID &&
        text_size <= kMostBuildId) {
      image.build_id.clear();
      for (std::uint64_t i = 0; i < text_size; ++i) {
        image.build_id += fmt::format("{:02x}", static_cast<unsigned>(notes[text + i]));
      }
    }
    image.has_go_note = image.has_go_note || owner == std::string_view("Go\0\0", 4);
  }
}

}  // namespace

const ElfImage::Segment* ElfImage::find(std::uint64_t at) const {
  const auto found = std::find_if(segments.begin(), segments.end(),
                                  [at](const Segment& segment) { return segment.contains(at); });
  return found == segments.end() ? nullptr : &*found;
}

std::optional<ElfImage> read_elf_image(const ByteSource& memory, std::uint64_t base) {
  const auto header = read_header(memory, base);
  if (!header) {
    return std::nullopt;
  }
  std::vector<Elf64_Phdr> headers;
  for (std::uint64_t i = 0; i < header->e_phnum; ++i) {
    if (const auto one =
            read_value<Elf64_Phdr>(memory, base + header->e_phoff + i * sizeof(Elf64_Phdr))) {
      headers.push_back(*one);
    }
  }
  const auto first = std::find_if(headers.begin(), headers.end(), [](const Elf64_Phdr& one) {
    return one.p_type == PT_LOAD && one.p_offset <= kPageMask;
  });
  if (first == headers.end()) {
    return std::nullopt;
  }
  ElfImage image;
  image.bias = base - (first->p_vaddr & ~kPageMask);
  image.entry = header->e_entry + image.bias;
  for (const Elf64_Phdr& one : headers) {
    const std::uint64_t begin = image.bias + one.p_vaddr;
    switch (one.p_type) {
      case PT_LOAD:
        image.segments.push_back({begin & ~kPageMask, begin + one.p_memsz,
                                  (one.p_flags & PF_W) != 0, (one.p_flags & PF_X) != 0});
        break;
      case PT_GNU_EH_FRAME:
        image.eh_frame_hdr = begin;
        break;
      case PT_DYNAMIC:
        image.dynamic = begin;
        break;
      case PT_NOTE:
        read_notes(memory, begin, one.p_memsz, image);
        break;
      default:
        break;
    }
  }
  return image;
}

}  // namespace boxtrace::stacks
