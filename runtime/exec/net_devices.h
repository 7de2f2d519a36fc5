#pragma once
// Network devices of the host that become the container's.
//
// A device is in one network namespace at a time. Moving it is one request of rtnetlink(7), which
// can give it another name on the way; the kernel brings it down and takes its addresses. Those
// that somebody has set for good and that mean something elsewhere (IFA_F_PERMANENT,
// RT_SCOPE_UNIVERSE) are therefore noted before and set again after; then it is brought up. At the
// end of the container the kernel gives physical devices back, and removes others.
//
// Sources: rtnetlink(7); network_namespaces(7); runtime-spec config-linux.md, "Network Devices".

#include <sys/types.h>

#include "runtime/aliases.h"
#include "runtime/config/config.h"

namespace boxrun::exec {

/// Moves `device` from boxrun's network namespace to that of process `target`.
/// @errors  no such device, the name is taken there, a missing right
[[nodiscard]] Result<void> move_network_device(const config::NetDevice& device, pid_t target);

}  // namespace boxrun::exec
