#pragma once
// User-namespace id maps, and id-mapped mounts.
//
// uid_map and gid_map can be written once each. A writer with CAP_SETUID over the parent namespace
// may map anything; an ordinary user only his own id, and gid_map only after giving up
// setgroups(2). For more, the set-user-ID programs newuidmap and newgidmap write what /etc/subuid
// grants.
//
// Sources: user_namespaces(7), "User and group ID mappings"; mount_setattr(2), MOUNT_ATTR_IDMAP.

#include <sys/types.h>

#include <vector>

#include "runtime/aliases.h"
#include "runtime/config/config.h"
#include "tracer/os/fd.h"

namespace boxrun::exec {

[[nodiscard]] Result<void> write_id_maps(pid_t pid, const std::vector<config::IdMapping>& uid,
                                         const std::vector<config::IdMapping>& gid);

/// Shifts the owners in `tree`, a detached copy of the mount's source, by the mount's mappings, or
/// by those of `fallback` where it has none.
[[nodiscard]] Result<void> map_tree(os::BorrowedFd tree, const config::Mount& mount,
                                    const config::Config& fallback);

/// Such a copy of `source`, mapped: move_mount(2) puts it in place.
[[nodiscard]] Result<os::UniqueFd> make_idmapped_tree(const config::Mount& mount,
                                                      const std::string& source,
                                                      const config::Config& fallback);

}  // namespace boxrun::exec
