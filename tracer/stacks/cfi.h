#pragma once
// One frame outwards by call frame information: what a compiler wrote into .eh_frame about where
// each instruction of a function finds its caller's registers.
//
// libunwind interprets it. It is given no file to look at: the table of functions
// (.eh_frame_hdr, a sorted list that the loader's program headers point to) is in the memory of the
// process, and so is everything else. Nor does it get a say in what to do where there is no
// information: its own guess would look like a frame that is certain.
//
// What is interpreted there is a program, with jumps, made by whoever made the binary; a bound on
// the words that one step may read is a bound on its time too.
// Source: LSB Core "Exception Frames"; DWARF 5, section 6.4; libunwind-dynamic(3).

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tracer/raw/stack.h"
#include "tracer/stacks/byte_source.h"

namespace boxtrace::stacks {

/// A binary search table of .eh_frame_hdr.
struct FrameTable {
  struct Entry {
    std::int32_t function = 0;
    std::int32_t record = 0;  ///< its frame description entry
  };
  std::uint64_t base = 0;     ///< what its entries count from: the header's address
  std::uint64_t entries = 0;  ///< address of the first
  std::uint64_t count = 0;
  /// The entries themselves, where the program has no table and we made one; else null.
  std::shared_ptr<const std::vector<Entry>> own;
};
/// The table at `header`; nothing when it has a form that no linker on x86-64 writes.
[[nodiscard]] std::optional<FrameTable> parse_frame_table(const ByteSource& memory,
                                                          std::uint64_t header);

struct CfiStep {
  enum class Outcome : std::uint8_t {
    Stepped,  ///< `registers` are the caller's
    Bottom,   ///< the function has no caller, and says so
    NoTable,  ///< no entry covers the address
    Broken,   ///< what is there makes no sense, or points to memory that cannot be read
  };
  Outcome outcome = Outcome::NoTable;
  raw::Registers registers;
  std::uint64_t function = 0;  ///< where the function begins; 0 with NoTable
};

class CfiUnwinder {
 public:
  CfiUnwinder();
  ~CfiUnwinder();
  CfiUnwinder(const CfiUnwinder&) = delete;
  CfiUnwinder& operator=(const CfiUnwinder&) = delete;
  CfiUnwinder(CfiUnwinder&&) = delete;
  CfiUnwinder& operator=(CfiUnwinder&&) = delete;

  /// The caller of the frame with these registers. `rip` of `registers` must lie in the instruction
  /// that runs: for a return address, one less.
  [[nodiscard]] CfiStep step(const ByteSource& memory, const FrameTable& table,
                             const raw::Registers& registers) const;

 private:
  struct Space;
  std::unique_ptr<Space> space_;
};

}  // namespace boxtrace::stacks
