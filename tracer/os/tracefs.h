#pragma once
// The directory of the kernel's tracepoints.

#include "tracer/base/result.h"
#include "tracer/os/fd.h"

namespace boxtrace::os {

/// The root of tracefs. It need not be mounted: fsmount(2) gives a descriptor of a mount that is
/// nowhere, and goes away with it. Where that is not permitted, /sys/kernel/tracing if it is there.
/// @errors  EPERM without CAP_SYS_ADMIN, ENODEV when the kernel has no tracefs.
[[nodiscard]] base::Result<UniqueFd> open_tracefs();

}  // namespace boxtrace::os
