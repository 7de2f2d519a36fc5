#pragma once
// Values as text, in the notation that readers of strace know.

#include <string>

#include "decoders/decode.h"
#include "decoders/value.h"
#include "tracer/raw/event.h"

namespace boxtrace::decoders {

/// `CLONE_NEWNS|CLONE_NEWUTS`, `"/proc"`, `{flags=0, ...}`, `[1, 2]`, `0x7ffe /* unreadable: EFAULT
/// */`.
[[nodiscard]] std::string render(const Value& value);

/// `unshare(CLONE_NEWNS|CLONE_NEWPID)`.
[[nodiscard]] std::string render_call(const DecodedCall& decoded);

/// `= 0`, `= -1 EPERM (Operation not permitted)`, `= ?`, `= ? ERESTARTSYS (To be restarted ...)`.
[[nodiscard]] std::string render_outcome(const DecodedCall& decoded, const raw::Outcome& outcome);

}  // namespace boxtrace::decoders
