#include "tracer/timeline/rules/mount_kinds.h"

namespace boxtrace::timeline {
namespace {

bool in_kernel_tree(const std::string& path) {
  return path.starts_with("/proc/") ||
         (path.starts_with("/sys/") && !path.starts_with("/sys/fs/cgroup"));
}

}  // namespace

MountKind mount_kind(const model::Mounted& mount) {
  using Kind = model::Mounted::Kind;
  const std::string& where = mount.target.best();
  const bool bind = mount.kind == Kind::Bind;
  if (bind &&
      (mount.source.given == "/proc/self/exe" || mount.source.given == "/proc/thread-self/exe")) {
    return MountKind::SelfCopy;
  }
  if (mount.kind == Kind::Remount && mount.onto_itself && mount.read_only) {
    return MountKind::ReadOnly;
  }
  if (mount.kind == Kind::Remount) {
    return mount.target.inside == "/" && mount.read_only ? MountKind::RootRemount
                                                         : MountKind::Remount;
  }
  if (bind && mount.target.inside == "/") {
    return MountKind::Rootfs;
  }
  if (in_kernel_tree(where)) {
    if (bind && (mount.source.outside == "/dev/null" || mount.source.inside == "/dev/null")) {
      return MountKind::Mask;
    }
    if (!bind && mount.fstype == "tmpfs") {
      return MountKind::Mask;
    }
    if (bind && mount.onto_itself) {
      return MountKind::ReadOnly;
    }
  }
  if (where.starts_with("/sys/fs/cgroup/") ||
      ((mount.fstype == "cgroup" || mount.fstype == "cgroup2") && mount.kind == Kind::New)) {
    return MountKind::Cgroup;
  }
  if (bind && where.starts_with("/dev/") && mount.source.outside.starts_with("/dev/")) {
    return MountKind::Device;
  }
  return MountKind::Plain;
}

}  // namespace boxtrace::timeline
