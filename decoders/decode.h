#pragma once
// From a raw call to meaning. Both functions are pure and total: the same input gives the same
// output, and there is no input for which they fail.

#include <string>
#include <string_view>
#include <vector>

#include "decoders/spec.h"
#include "decoders/value.h"
#include "tracer/raw/event.h"

namespace boxtrace::decoders {

struct DecodedCall {
  const SyscallSpec* spec = nullptr;  ///< null for a number that no row has
  std::string name;                   ///< `mount`, or `syscall_0x1f4` when there is no row
  std::vector<Field> args;            ///< six numbers in hex when there is no row

  /// The argument of that name, or null.
  [[nodiscard]] const Value* arg(std::string_view name) const;
};

/// Decodes what is known at entry. Output parameters are Pending.
[[nodiscard]] DecodedCall decode_entry(const raw::Call& call, const raw::Memory& memory,
                                       const Options& options);

/// Completes `decoded` with what the call wrote, when it succeeded.
void decode_exit(DecodedCall& decoded, const raw::Call& call, const raw::Outcome& outcome,
                 const raw::Memory& memory, const Options& options);

/// Both, from a recorded event.
[[nodiscard]] DecodedCall decode(const raw::Syscall& syscall, const Options& options);

}  // namespace boxtrace::decoders
