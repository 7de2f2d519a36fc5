#pragma once
// Which mounts of a container show something of the host, and are therefore not in a checkpoint:
// bind mounts, its cgroups, devices and covers that are bound. criu has to be told of each one, by
// its place when it dumps and by what it shows when it restores; a name ties the two together.
//
// The list comes from the plan, which says what boxrun has made.

#include <string>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/criu/rpc.h"
#include "runtime/plan/step.h"
#include "tracer/os/fd.h"

namespace boxrun::criu {

struct ExternalMount {
  std::string destination;  ///< as the config has it; also its name
  std::string source;       ///< of the host
};

/// @errors  a mount that criu cannot make again: one with ids mapped
[[nodiscard]] Result<std::vector<ExternalMount>> external_mounts(const plan::Plan& plan,
                                                                 const cgroup::Cgroup& cgroup);

/// To dump: where in the container they are, links of its root filesystem resolved. Those that are
/// no mount, or a filesystem of the container's own, are left out.
[[nodiscard]] Result<std::vector<Pair>> locate_mounts(const std::vector<ExternalMount>& mounts,
                                                      int init);

/// To restore: makes the places in the root filesystem that the plan mounts on, where there are
/// none, as creating the container does. What lies on a filesystem that criu brings back is its.
[[nodiscard]] Result<void> make_mount_points(const plan::Plan& plan, const std::string& rootfs);

}  // namespace boxrun::criu
