#pragma once
// siginfo_t: three numbers, and then a union whose member depends on the signal and on who sent it.

#include "decoders/spec.h"
#include "decoders/value.h"

namespace boxtrace::decoders {

/// The siginfo_t at `addr`: si_signo, si_code, si_errno if it is not 0, and the members that count
/// for these. No fields at all for signal 0: waitid(2) writes that when there is nothing to report.
/// Source: asm-generic/siginfo.h; kernel/signal.c: siginfo_layout; sigaction(2).
[[nodiscard]] Value decode_siginfo(const CallContext& context, base::Addr addr);

/// The same from bytes, of which trailing zeros may be missing, for a signal that was delivered.
[[nodiscard]] Value decode_siginfo(base::ByteView bytes, raw::Abi abi);

}  // namespace boxtrace::decoders
