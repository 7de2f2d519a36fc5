#pragma once
// What a container is called where systemd makes its cgroup. Pure.
//
// systemd owns the tree of cgroups: a service or, for processes that others have started, a scope
// is a cgroup in a slice. The name of a slice says where it is, `a-b.slice` is in `a.slice`.
// Engines write the scope that they want as `SLICE:PREFIX:NAME` into /linux/cgroupsPath.
//
// Sources: systemd.slice(5), systemd.scope(5), systemd.unit(5); cgroups as systemd makes them:
// systemd.resource-control(5) and its "Control Group APIs and Delegation".

#include <string>
#include <string_view>

#include "runtime/aliases.h"
#include "runtime/plan/step.h"

namespace boxrun::systemd {

/// `system.slice:docker:abc` to system.slice and docker-abc.scope. Where the path is empty or the
/// slice is, the slice is system.slice, or user.slice below a user's own systemd; the name then is
/// boxrun-ID.scope.
///
/// @errors  another form; a name that systemd would not take
[[nodiscard]] Result<plan::ScopeName> parse_scope_name(std::string_view cgroups_path,
                                                       std::string_view id, bool rootless);

/// The cgroup of a slice, below the one of systemd itself: `/a.slice/a-b.slice`; empty for
/// `-.slice`, the root.
[[nodiscard]] std::string slice_path(std::string_view slice);

/// The object that stands for a unit: its name, with `_2e` for a dot and the like.
[[nodiscard]] std::string object_path(std::string_view unit);

}  // namespace boxrun::systemd
