#pragma once
// An ELF program or library as it lies in a process's memory.
//
// Its file may be gone or out of reach: a runtime that protects itself runs from a memfd or a
// detached copy of its own binary (CVE-2019-5736), a package upgrade deletes it, pivot_root moves
// it away. But the loader maps the ELF header and the program headers along with the first segment,
// and what an unwinder needs (.eh_frame_hdr, .eh_frame, .dynsym) is in segments too. The section
// headers are not: nothing here needs them. Source: elf(5), System V ABI "Program Loading".

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tracer/stacks/byte_source.h"

namespace boxtrace::stacks {

/// All addresses are those of the running process.
struct ElfImage {
  struct Segment {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool writable = false;
    bool executable = false;
    [[nodiscard]] bool contains(std::uint64_t at) const { return begin <= at && at < end; }
  };

  std::uint64_t bias = 0;   ///< what was added to the addresses that the file was linked for
  std::uint64_t entry = 0;  ///< where the program starts
  std::vector<Segment> segments;
  std::uint64_t eh_frame_hdr = 0;  ///< 0: there is none
  std::uint64_t dynamic = 0;       ///< 0: there is none
  std::string build_id;            ///< of the GNU note, in hexadecimal; empty: none
  bool has_go_note = false;        ///< linked by Go

  /// The segment that `at` lies in, or null.
  [[nodiscard]] const Segment* find(std::uint64_t at) const;
};

/// The image whose first page is mapped at `base`; nothing when what is there is not the start of
/// an x86-64 ELF file.
[[nodiscard]] std::optional<ElfImage> read_elf_image(const ByteSource& memory, std::uint64_t base);

}  // namespace boxtrace::stacks
