// Mounts.
//
// Every target is opened below the root filesystem first (root_path.h) and mounted on through its
// descriptor. That descriptor goes on showing the covered directory; to change the new mount it is
// opened again by path, and its mount id proves that a mount was crossed: had somebody swapped the
// path in between, we would be changing a mount of the host.
//
// A bind mount takes two calls: the first shows the tree and ignores all other flags, the second
// (MS_REMOUNT) sets them, and replaces *all* of them. So it does in other runtimes and in mount(8):
// with any flag in the options, those of the source that are not there go, except how access times
// are kept; without one, all stay. In a user namespace flags copied from the host are locked: a
// remount that drops one is refused, and has to repeat what the source had.
//
// procfs and sysfs: the kernel lets a user namespace mount them only where it sees a full copy
// already (mount_too_revealing), and sysfs only with a network namespace of its own.
//
// Sources: mount(2), "Bind mounts", "Remount"; mount_setattr(2); fs/namespace.c:
// mnt_already_visible(), can_change_locked_flags(); user_namespaces(7).

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include <linux/openat2.h>

#include "runtime/config/mount_options.h"
#include "runtime/steps/cgroup_mount.h"
#include "runtime/steps/copy_up.h"
#include "runtime/steps/mount_calls.h"
#include "runtime/steps/root_path.h"
#include "runtime/steps/steps.h"

namespace boxrun::steps {
namespace {

using config::Mount;

/// Files below /proc that engines replace on purpose (lxcfs and the like). Everything else there
/// belongs to the kernel: a mount over it can make boxrun write labels or sysctls into a fake file.
/// CVE-2019-16884, CVE-2019-19921.
constexpr std::array kAllowedInProc = {"/proc/cpuinfo",
                                       "/proc/diskstats",
                                       "/proc/meminfo",
                                       "/proc/stat",
                                       "/proc/swaps",
                                       "/proc/uptime",
                                       "/proc/loadavg",
                                       "/proc/net/dev",
                                       "/proc/slabinfo",
                                       "/proc/sys/kernel/ns_last_pid",
                                       "/proc/sys/crypto/fips_enabled"};

bool is_on_procfs(os::BorrowedFd fd) {
  struct statfs seen {};
  return ::fstatfs(fd.get(), &seen) == 0 && seen.f_type == PROC_SUPER_MAGIC;
}

Outcome check_target(const Mount& mount, os::BorrowedFd target) {
  if (!is_on_procfs(target)) {
    return Outcome::done();
  }
  const bool is_procfs_itself = mount.type == "proc";
  if (is_procfs_itself ||
      std::ranges::find(kAllowedInProc, mount.destination) != kAllowedInProc.end()) {
    return Outcome::done();
  }
  return Outcome::refused(EPERM, "mount on \"<rootfs>%s\", which is on procfs",
                          mount.destination.c_str())
      .hint(
          "the kernel's files in /proc must stay what they are; mask or bind single known ones "
          "such as /proc/cpuinfo");
}

/// The target of a proc or sysfs mount must be an ordinary directory: were it a link, everything
/// that is masked below /proc later would be masked elsewhere. CVE-2023-27561.
Outcome check_no_link(const Mount& mount, os::BorrowedFd root) {
  const os::UniqueFd plain{
      open_in_root(root, mount.destination.c_str(), O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS)};
  if (!plain && (errno == ELOOP || errno == ENOTDIR)) {
    return Outcome::refused(errno, "\"<rootfs>%s\" is not an ordinary directory",
                            mount.destination.c_str())
        .hint("a %s mount on a symbolic link is refused: the image may redirect it",
              mount.type.c_str());
  }
  return Outcome::done();
}

void hint_at_refusal(const Mount& mount, int err, Outcome& outcome) {
  const std::string_view type = mount.type;
  if (err == ENODEV) {
    outcome.hint("the kernel does not know the filesystem \"%s\": see /proc/filesystems",
                 mount.type.c_str());
  } else if (err == EPERM && (type == "proc" || type == "sysfs")) {
    outcome.hint("a user namespace may mount %s only where a complete one is visible already%s",
                 mount.type.c_str(),
                 type == "sysfs" ? ", and with a network namespace of its own; bind /sys instead"
                                 : ", and with a pid namespace of its own");
  } else if (err == EPERM && type == "mqueue") {
    outcome.hint("mqueue takes an ipc namespace that the container's user namespace owns");
  } else if (err == EPERM) {
    outcome.hint(
        "filesystem \"%s\" cannot be mounted without CAP_SYS_ADMIN in the first user "
        "namespace",
        mount.type.c_str());
  } else if (err == EINVAL && type == "devpts" &&
             mount.options.filesystem.find("gid=") != std::string::npos) {
    outcome.hint("the group of gid= may be unmapped in the user namespace: leave the option out");
  } else if (err == EINVAL) {
    outcome.hint("the filesystem does not take one of the options \"%s\"",
                 mount.options.filesystem.c_str());
  } else if (err == ENOENT) {
    outcome.hint("the source \"%s\", or a path among the options, does not exist on the host",
                 mount.source.c_str());
  } else if (err == ENOTDIR) {
    outcome.hint("the destination is a file, and a filesystem is mounted on a directory");
  }
}

/// A tmpfs without `mode=` takes that of the directory which it covers, as in other runtimes: the
/// kernel's default would let everybody write.
std::string options_for(const Mount& mount, os::BorrowedFd covered) {
  struct stat seen {};
  const std::string& given = mount.options.filesystem;
  const bool has_mode = given.starts_with("mode=") || given.find(",mode=") != std::string::npos;
  if (mount.type != "tmpfs" || has_mode || covered.get() < 0 ||
      ::fstat(covered.get(), &seen) != 0) {
    return given;
  }
  return fmt::format("{}{}mode={:o}", given, given.empty() ? "" : ",", seen.st_mode & 07777);
}

/// @param covered  the directory of the image that the mount covers, if it has one
Outcome mount_filesystem(const Mount& mount, os::BorrowedFd target, os::BorrowedFd covered) {
  const auto flags = static_cast<unsigned long>(mount.options.set_flags);
  const char* source = mount.source.empty() ? mount.type.c_str() : mount.source.c_str();
  const std::string options = options_for(mount, covered);
  if (::mount(source, FdPath{target}.c_str(), mount.type.c_str(), flags, options.c_str()) == 0) {
    return Outcome::done();
  }
  const int err = errno;
  Outcome outcome = Outcome::refused(err, "mount(\"%s\", \"<rootfs>%s\", \"%s\", 0x%lx, \"%s\")",
                                     source, mount.destination.c_str(), mount.type.c_str(), flags,
                                     mount.options.filesystem.c_str());
  hint_at_refusal(mount, err, outcome);
  return outcome;
}

Outcome mount_bind(const Mount& mount, os::BorrowedFd source, os::BorrowedFd target) {
  const unsigned long recursive = (mount.options.set_flags & MS_REC) != 0 ? MS_REC : 0;
  if (::mount(FdPath{source}.c_str(), FdPath{target}.c_str(), nullptr, MS_BIND | recursive,
              nullptr) == 0) {
    return Outcome::done();
  }
  const int err = errno;
  Outcome outcome =
      Outcome::refused(err, "mount(\"%s\", \"<rootfs>%s\", MS_BIND%s)", mount.source.c_str(),
                       mount.destination.c_str(), recursive != 0 ? "|MS_REC" : "");
  if (err == EINVAL && recursive == 0) {
    outcome.hint("in a user namespace a tree with mounts below can only be bound with \"rbind\"");
  } else if (err == ENOTDIR) {
    outcome.hint("source and destination must both be directories or both be files");
  }
  return outcome;
}

/// A mount that boxrun cloned beforehand, put in its place.
Outcome attach(const Mount& mount, os::BorrowedFd tree, os::BorrowedFd target) {
  if (::move_mount(tree.get(), "", target.get(), "",
                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0) {
    return Outcome::done();
  }
  return Outcome::refused(errno, "move_mount(clone of \"%s\", \"<rootfs>%s\")",
                          mount.source.c_str(), mount.destination.c_str());
}

Outcome open_in_rootfs(const char* path, Inside& inside, os::UniqueFd& source) {
  source = os::UniqueFd{open_in_root(inside.root, path, O_PATH)};
  if (source) {
    return Outcome::done();
  }
  const int err = errno;
  return Outcome::refused(err, "openat2(\"<rootfs>%s\", O_PATH, RESOLVE_IN_ROOT)", path)
      .hint("%s", err == ENOENT ? "the source is a path of the root filesystem, where neither the "
                                  "image nor a mount before this one has it"
                                : "");
}

struct Source {
  os::UniqueFd fd;
  bool is_tree = false;  ///< a detached mount, to be put in its place
};

Outcome open_source(const plan::MountOne& step, Inside& inside, Source& source) {
  const Mount& mount = step.mount;
  if (inside.source) {
    source = {std::move(inside.source), true};
    return Outcome::done();
  }
  if (!step.source_in_root.empty()) {
    return open_in_rootfs(step.source_in_root.c_str(), inside, source.fd);
  }
  const auto mapped = inside.prepared.idmapped.find(step.index);
  source.is_tree = mapped != inside.prepared.idmapped.end();
  source.fd = os::UniqueFd{source.is_tree ? ::fcntl(mapped->second.get(), F_DUPFD_CLOEXEC, 0)
                                          : ::open(mount.source.c_str(), O_PATH | O_CLOEXEC)};
  const int err = source.fd ? 0 : errno;
  const auto cloned = inside.prepared.sources.find(step.index);
  if (err == EACCES && cloned != inside.prepared.sources.end()) {
    source = {os::UniqueFd{::fcntl(cloned->second.get(), F_DUPFD_CLOEXEC, 0)}, true};
  }
  if (!source.fd) {
    return Outcome::refused(err, "open(\"%s\", O_PATH)", mount.source.c_str())
        .hint("%s", err == ENOENT ? "the source of the bind mount does not exist on the host" : "");
  }
  return Outcome::done();
}

Outcome bind(const plan::MountOne& step, Inside& inside, os::UniqueFd& target) {
  const Mount& mount = step.mount;
  Source source;
  STEP_OK(open_source(step, inside, source));
  struct stat seen {};
  if (::fstat(source.fd.get(), &seen) != 0) {
    return Outcome::refused(errno, "fstat(\"%s\")", mount.source.c_str());
  }
  STEP_OK(make_in_root(inside.root, mount.destination.c_str(),
                       S_ISDIR(seen.st_mode) ? Leaf::Directory : Leaf::File, target));
  if (!(mount.destination == "/proc" && is_on_procfs(source.fd))) {
    STEP_OK(check_target(mount, target));
  }
  return source.is_tree ? attach(mount, source.fd, target) : mount_bind(mount, source.fd, target);
}

Outcome set_bind_flags(const Mount& mount, os::BorrowedFd made, std::uint64_t set) {
  const std::uint64_t clear = mount.options.clear_flags;
  const char* path = mount.destination.c_str();
  if ((set | clear) == 0) {
    return Outcome::done();
  }
  constexpr std::uint64_t kReplaced = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  Outcome outcome = change_flags(made, set, clear | kReplaced, path);
  return outcome.err() == EPERM ? change_flags(made, set, clear, path) : outcome;
}

/// The calls that need the mount to exist: flags of binds, propagation, recursive attributes.
Outcome finish_mount(const Mount& mount, os::BorrowedFd made) {
  const std::uint64_t quiet = MS_BIND | MS_REC | MS_REMOUNT | MS_SILENT;
  const std::uint64_t wanted = mount.options.set_flags & ~quiet;
  if (mount.is_bind()) {
    STEP_OK(set_bind_flags(mount, made, wanted));
  }
  if ((mount.options.recursive_set | mount.options.recursive_clear) != 0) {
    mount_attr attributes{};
    attributes.attr_set = mount.options.recursive_set;
    attributes.attr_clr = mount.options.recursive_clear;
    if (::mount_setattr(made.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                        sizeof attributes) != 0) {
      const int err = errno;
      return Outcome::refused(err, "mount_setattr(\"<rootfs>%s\", AT_RECURSIVE, set 0x%llx)",
                              mount.destination.c_str(),
                              static_cast<unsigned long long>(attributes.attr_set))
          .hint("%s", err == ENOSYS ? "recursive options such as rro need Linux 5.12" : "");
    }
  }
  for (const std::uint64_t propagation : mount.options.propagation) {
    if (::mount(nullptr, FdPath{made}.c_str(), nullptr, static_cast<unsigned long>(propagation),
                nullptr) != 0) {
      return Outcome::refused(errno, "mount(\"<rootfs>%s\", 0x%llx)", mount.destination.c_str(),
                              static_cast<unsigned long long>(propagation));
    }
  }
  return Outcome::done();
}

}  // namespace

Outcome run(const plan::CloneSource& step, Inside& inside) {
  os::UniqueFd found;
  STEP_OK(open_in_rootfs(step.path.c_str(), inside, found));
  return clone_tree(found, "", step.recursive, 0, inside.source);
}

Outcome run(const plan::MountOne& step, Inside& inside) {
  const Mount& mount = step.mount;
  os::UniqueFd target;
  if (mount.type == "cgroup" || mount.type == "cgroup2") {
    if (!mount.is_bind()) {
      return mount_cgroups(mount, inside);
    }
  }
  if (mount.is_bind()) {
    STEP_OK(bind(step, inside, target));
  } else {
    const os::UniqueFd covered{open_in_root(inside.root, mount.destination.c_str(), O_PATH)};
    STEP_OK(make_in_root(inside.root, mount.destination.c_str(), Leaf::Directory, target));
    if (mount.type == "proc" || mount.type == "sysfs") {
      STEP_OK(check_no_link(mount, inside.root));
    }
    STEP_OK(check_target(mount, target));
    STEP_OK(mount_filesystem(mount, target, covered));
  }
  os::UniqueFd made;
  STEP_OK(reopen_mount(inside.root, mount.destination.c_str(), target, made));
  if (mount.options.tmpcopyup && mount.type == "tmpfs") {
    STEP_OK(copy_up(target, made, mount.destination.c_str()));
  }
  return finish_mount(mount, made);
}

}  // namespace boxrun::steps
