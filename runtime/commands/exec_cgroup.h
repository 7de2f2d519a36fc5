#pragma once
// Which cgroup a program that enters a container becomes a member of.

#include <string>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/state/state.h"

namespace boxrun::commands {

/// Moves the places of `state` down into the cgroups that `--cgroup` names, each
/// `[CONTROLLER,...:]PATH`, the path below the container's own. Without any, and where the
/// container's own version-2 cgroup takes no processes because the container has divided it up
/// among cgroups of its own, init's.
///
/// @errors  a path that leads out or does not exist, a controller that is not there
[[nodiscard]] Result<void> enter_cgroups(const std::vector<std::string>& wishes,
                                         state::State& state);

}  // namespace boxrun::commands
