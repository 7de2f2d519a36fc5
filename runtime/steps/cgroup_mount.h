#pragma once
// /sys/fs/cgroup of the container.

#include "runtime/config/config.h"
#include "runtime/steps/inside.h"

namespace boxrun::steps {

/// Shows the container its own cgroups: on cgroup v2 the one directory, on v1 and hybrid hosts a
/// tmpfs with one directory a hierarchy.
///
/// All of them are bind mounts of the host's directories. A fresh mount of cgroup2 would wait for
/// an RCU grace period, and of cgroup v1 is refused in a user namespace; and a bind mount shows
/// only the container's subtree even where there is no cgroup namespace.
Outcome mount_cgroups(const config::Mount& mount, Inside& inside);

}  // namespace boxrun::steps
