#pragma once
// What a mount is for. Several rules share the judgement, so that no mount is told twice.

#include "tracer/model/facts.h"

namespace boxtrace::timeline {

enum class MountKind : std::uint8_t {
  Plain,
  Rootfs,       ///< the tree that will be the container's root
  RootRemount,  ///< options of the root itself: read-only
  Mask,         ///< an empty file or directory over a file of /proc or /sys
  ReadOnly,     ///< a path bound onto itself, to be made read-only
  Cgroup,       ///< one hierarchy below /sys/fs/cgroup
  Device,       ///< a device file of the host
  Remount,      ///< options of an earlier mount
  SelfCopy,     ///< a runtime's own program, bound to a place where nobody can write to it
};

[[nodiscard]] MountKind mount_kind(const model::Mounted& mount);

}  // namespace boxtrace::timeline
