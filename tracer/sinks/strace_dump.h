#pragma once
// What strace prints below a call for -e read= and -e write=: all bytes that went through a
// descriptor, in hexadecimal and as text.

#include <cstdint>
#include <set>
#include <string>

#include "decoders/decode.h"
#include "tracer/raw/event.h"

namespace boxtrace::sinks {

/// Numbers of descriptors, as `3,5`, `!0`, `all` name them.
struct DescriptorSet {
  std::set<std::int32_t> named;
  bool all_but = false;  ///< the others are meant

  [[nodiscard]] bool has(std::int32_t fd) const { return named.contains(fd) != all_but; }
  [[nodiscard]] bool empty() const { return named.empty() && !all_but; }
};

/// Whole lines, sixteen bytes each; empty if the call has read nothing, moves no bytes, or its
/// descriptor is in neither set. Bytes that a recording does not hold are counted in a last line.
[[nodiscard]] std::string render_strace_dump(const raw::Syscall& syscall,
                                             const decoders::DecodedCall& call,
                                             const DescriptorSet& read, const DescriptorSet& write);

}  // namespace boxtrace::sinks
