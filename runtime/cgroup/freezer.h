#pragma once
// Stopping everything in a cgroup at once, and letting it go on.
//
// Version 1 has a controller for it: freezer.state is FROZEN, THAWED, or FREEZING while some
// process has not come to its stop yet. Version 2 has cgroup.freeze in every cgroup, and says in
// cgroup.events when it is done. In both, a process that is being born or is in an uninterruptible
// call stops a moment later, so the answer has to be waited for; version 1 can even get stuck on
// the way, which writing FROZEN again resolves. In version 2 a frozen process dies of SIGKILL, in
// version 1 only once it is thawed, by the group that holds it: its own, or any above that.
//
// Sources: Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst; cgroup-v2.rst, cgroup.freeze.

#include <chrono>
#include <string>

#include "runtime/aliases.h"
#include "runtime/cgroup/cgroup.h"

namespace boxrun::cgroup {

/// The file that freezes a cgroup and the words for it; an empty path where there is none.
struct Freezer {
  std::string file;
  std::string frozen;
  std::string thawed;
};
[[nodiscard]] Freezer freezer_of(const Cgroup& cgroup);

/// On the way there counts: what is freezing does not run either.
[[nodiscard]] bool is_frozen(const Cgroup& cgroup);

/// Freezes or thaws, and waits until it is done.
///
/// @errors  ENOENT without a freezer; EBUSY when some process has not stopped within `limit`, after
///          which the cgroup is thawed again
[[nodiscard]] Result<void> set_frozen(const Cgroup& cgroup, bool frozen,
                                      std::chrono::milliseconds limit = std::chrono::seconds{5});

/// Thaws what of the container's own holds `pid`, which SIGKILL was sent to.
///
/// @errors  EBUSY when a group of version 1 that is not the container's holds it as well
[[nodiscard]] Result<void> release_killed(const Cgroup& cgroup, int pid);

}  // namespace boxrun::cgroup
