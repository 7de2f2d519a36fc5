#pragma once
// Call frame information of programs that were linked without a table for it: static ones, as
// containers and their tools like to be. Nothing in memory tells where it is, but the section
// headers of the file do, and it is a list that can be read from its begin to its end.
//
// Source: LSB Core "Exception Frames".

#include <optional>

#include "tracer/stacks/byte_source.h"
#include "tracer/stacks/cfi.h"

namespace boxtrace::stacks {

/// A table of all functions that .eh_frame of the ELF file describes. Its `base` is the section's
/// address in the file. Nothing when there is none, or nothing in it.
[[nodiscard]] std::optional<FrameTable> index_eh_frame(const ByteSource& file);

}  // namespace boxtrace::stacks
