#pragma once
// Structs of time, which many families pass. A plain `timespec` has words of the caller's ABI: 32
// bits for i386. x32 is the exception among 32-bit ABIs, its times always had 64 bits. The calls
// that end in `_time64` gave i386 the 64-bit form. Sources: linux/time_types.h,
// linux/old_time32.h, arch/x86/include/uapi/asm/posix_types_x32.h.

#include "decoders/spec.h"

namespace boxtrace::decoders {

[[nodiscard]] Value arg_timespec(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_timespec64(const CallContext&, const ArgSpec&, std::size_t);
/// Access and modification time, whose tv_nsec may be UTIME_NOW or UTIME_OMIT. utimensat(2).
[[nodiscard]] Value arg_timespec_pair(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_timespec64_pair(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_timeval(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_timeval_pair(const CallContext&, const ArgSpec&, std::size_t);
/// struct rusage; its counters are named as in getrusage(2).
[[nodiscard]] Value arg_rusage(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_itimerspec(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_itimerspec64(const CallContext&, const ArgSpec&, std::size_t);
[[nodiscard]] Value arg_itimerval(const CallContext&, const ArgSpec&, std::size_t);

}  // namespace boxtrace::decoders
