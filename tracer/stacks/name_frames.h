#pragma once
// Names for the addresses of a stack: Go's tables, then ELF symbols, then what a stripped program
// cannot hide: where it starts, and what it tells the C library to call.

#include <cstdint>
#include <optional>
#include <vector>

#include "tracer/raw/stack.h"
#include "tracer/stacks/modules.h"

namespace boxtrace::stacks {

/// A frame that has an address only.
struct BareFrame {
  std::uint64_t pc = 0;
  std::uint64_t within = 0;  ///< an address in the instruction that runs or that called
  bool guessed = false;
  const Module* module = nullptr;  ///< null: not in one
  std::optional<GoTable::Function> go;
  std::uint64_t function = 0;  ///< where it begins; 0: not known
};

class FrameNamer {
 public:
  /// Keeps a reference.
  explicit FrameNamer(AddressSpace& space) : space_(&space) {}

  /// Appends the frame, and in front of it those of calls that were inlined into it.
  void append(const BareFrame& bare, std::vector<raw::Frame>& frames) const;

 private:
  void append_go(const BareFrame& bare, const raw::Frame& frame,
                 std::vector<raw::Frame>& frames) const;
  void name_native(const BareFrame& bare, raw::Frame& frame) const;

  AddressSpace* space_;
};

}  // namespace boxtrace::stacks
