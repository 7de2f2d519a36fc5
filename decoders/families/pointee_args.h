#pragma once
// Pointers to one number, shown as `[n]`: what the call reads or writes there.

#include "decoders/spec.h"
#include "decoders/structs.h"

namespace boxtrace::decoders {

[[nodiscard]] Value arg_int_at(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_unsigned_at(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_offset_at(const CallContext&, const ArgSpec&, std::size_t);  ///< loff_t
[[nodiscard]] Value arg_word_at(const CallContext&, const ArgSpec&, std::size_t);  ///< long, in hex

/// A struct whose words are `__kernel_long_t`: 64 bits on x32, which is otherwise a 32-bit ABI,
/// since the kernel gives it the 64-bit call. Source: arch/x86/include/uapi/asm/posix_types_x32.h.
[[nodiscard]] Value decode_kernel_longs(const CallContext& context, base::Addr addr,
                                        std::span<const FieldSpec> layout);

/// `{iov_base="...", iov_len=n}` for `count` buffers, of which `available` bytes hold something.
[[nodiscard]] Value decode_iovecs(const CallContext& context, base::Addr addr, std::uint64_t count,
                                  std::uint64_t available);

}  // namespace boxtrace::decoders
