#pragma once
// The call that a task is in, for a stop in the middle of it whose entry we have not seen.

#include <optional>

#include "decoders/spec.h"
#include "tracer/ptrace/kernel.h"
#include "tracer/ptrace/observe.h"
#include "tracer/ptrace/tracees.h"

namespace boxtrace::ptrace {

/// The registers of a call as /proc/TID/syscall shows them (proc(5)); nothing when the text says
/// `running`, or -1 for a task that waits outside of any call.
[[nodiscard]] std::optional<raw::Call> parse_call(std::string_view text, std::uint32_t arch);

/// `tid` must be stopped.
[[nodiscard]] std::optional<CallInFlight> call_in_progress(Kernel& kernel, const Observer& observer,
                                                           base::HostTid tid,
                                                           const decoders::Options& options);

}  // namespace boxtrace::ptrace
