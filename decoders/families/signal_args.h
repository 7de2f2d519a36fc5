#pragma once
// Sets of signals. The kernel's sigset_t is 64 bits, signal n being bit n - 1; the caller passes
// its size, which must be 8. Source: asm-generic/signal.h; sigsetops(3).

#include "decoders/spec.h"
#include "decoders/structs.h"

namespace boxtrace::decoders {

/// A set as the list of its members, or, when most signals are in it, as `{all_but=[...]}`.
[[nodiscard]] Value decode_sigset(std::uint64_t bits, unsigned width = 64);

/// A set whose size in bytes is in `size_arg`.
[[nodiscard]] Value arg_sigset(const CallContext&, const ArgSpec&, std::size_t);
/// The 32-bit set of the first signal calls.
[[nodiscard]] Value arg_old_sigset(const CallContext&, const ArgSpec&, std::size_t);
/// A struct of a pointer to a set and its size: the sixth argument of pselect6.
[[nodiscard]] Value arg_sigset_and_size(const CallContext&, const ArgSpec&, std::size_t);

}  // namespace boxtrace::decoders
