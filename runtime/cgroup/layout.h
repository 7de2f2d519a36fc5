#pragma once
// Where the cgroup hierarchies of this host are. Pure: parses the two files that say it.
//
// Version 1 has a hierarchy for every controller or group of controllers, version 2 has one for
// all. A hybrid host has both: a controller belongs to exactly one of them at a time, so each is
// simply used where it is, and a host is never refused for its mixture.
//
// Sources: cgroups(7); Documentation/admin-guide/cgroup-v1/cgroups.rst, cgroup-v2.rst.

#include <string>
#include <string_view>
#include <vector>

namespace boxrun::cgroup {

struct Hierarchy {
  bool version2 = false;
  std::vector<std::string> controllers;  ///< `cpu`, or `name=systemd`; empty for version 2
  std::string mount_point;               ///< `/sys/fs/cgroup/cpu`
  std::string own;                       ///< our own cgroup, relative to the mount point: `/`
};

/// @param mountinfo  /proc/self/mountinfo
/// @param membership /proc/self/cgroup
[[nodiscard]] std::vector<Hierarchy> parse_layout(std::string_view mountinfo,
                                                  std::string_view membership);

/// The directory of the container's cgroup. An absolute `path` counts from the mount point, a
/// relative one from our own cgroup; in version 2 from its parent, because a cgroup with processes
/// in it, such as ours, can have no children with controllers.
[[nodiscard]] std::string container_directory(const Hierarchy& hierarchy, const std::string& path);

}  // namespace boxrun::cgroup
