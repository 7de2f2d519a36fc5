// Changing what `/` is.
//
// A new mount namespace starts as a copy of the old table, and where a mount was shared, the copy
// is shared with the original: a mount made here would appear on the host. Making the copy a slave
// cuts that direction and keeps the other (a USB stick mounted later is still seen); so that comes
// first.
//
// pivot_root(2) wants the new root to be a mount point, so the root filesystem is bound onto
// itself, and neither it nor its parent mount may be shared. It swaps the two roots: with "." for
// both arguments the old root ends up stacked on top of the new one, where umount2(MNT_DETACH)
// removes it and no directory for it is needed in the image. chroot(2) alone would leave the old
// tree mounted, reachable for anyone with CAP_SYS_CHROOT.
//
// Sources: pivot_root(2), NOTES; mount_namespaces(7), "Shared subtrees"; fs/namespace.c:
// SYSCALL_DEFINE2(pivot_root).

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/steps/root_path.h"
#include "runtime/steps/steps.h"
#include "tracer/base/procfs_text.h"
#include "tracer/os/file.h"

namespace boxrun::steps {
namespace {

/// The mount that holds `directory` must not be shared, or pivot_root(2) would have to move a mount
/// in other namespaces too. It may be any ancestor: EINVAL says "not a mount point, go on upwards".
Outcome make_parent_private(const char* directory) {
  std::array<char, PATH_MAX> path{};
  const std::size_t length = strlen(directory);
  if (length >= path.size()) {
    return Outcome::refused(ENAMETOOLONG, "mount(\"%s\", MS_PRIVATE)", directory);
  }
  memcpy(path.data(), directory, length);
  for (;;) {
    if (::mount(nullptr, path.data(), nullptr, MS_PRIVATE, nullptr) == 0) {
      return Outcome::done();
    }
    char* slash = strrchr(path.data(), '/');
    if (errno != EINVAL || slash == nullptr || strcmp(path.data(), "/") == 0) {
      const int err = errno;
      return Outcome::refused(err, "mount(\"%s\", MS_PRIVATE)", path.data())
          .hint("%s", err == EACCES
                          ? "root of the user namespace is an ordinary user outside: each "
                            "directory on the way needs execute permission for him"
                          : "");
    }
    slash[slash == path.data() ? 1 : 0] = '\0';
  }
}

Outcome pivot(const Inside& inside) {
  const os::UniqueFd old_root{::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!old_root) {
    return Outcome::refused(errno, "open(\"/\")");
  }
  if (::fchdir(inside.root.get()) != 0) {
    return Outcome::refused(errno, "fchdir(root filesystem)");
  }
  if (::syscall(SYS_pivot_root, ".", ".") != 0) {
    const int err = errno;
    return Outcome::refused(err, "pivot_root(\".\", \".\")")
        .hint("%s", err == EINVAL ? "the host's root may be a ramfs, which cannot be pivoted away "
                                    "from: --no-pivot moves the root instead"
                                  : "");
  }
  if (::fchdir(old_root.get()) != 0) {
    return Outcome::refused(errno, "fchdir(old root)");
  }
  // Unmounting must not travel back to the host, which a shared mount would let it.
  if (::mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr) != 0) {
    return Outcome::refused(errno, "mount(old root, MS_SLAVE|MS_REC)");
  }
  if (::umount2(".", MNT_DETACH) != 0) {
    return Outcome::refused(errno, "umount2(old root, MNT_DETACH)");
  }
  return ::chdir("/") == 0 ? Outcome::done() : Outcome::refused(errno, "chdir(\"/\")");
}

/// With MS_MOVE the host's mounts stay in the namespace, out of reach below the new root. But the
/// kernel lets a user namespace mount a bare procfs or sysfs, with nothing masked, as long as it
/// finds one such mount anywhere. So those of the host go. fs/namespace.c: mnt_already_visible().
Outcome drop_kernel_filesystems(const Inside& inside) {
  std::array<char, PATH_MAX> root{};
  if (::readlink(FdPath{inside.root}.c_str(), root.data(), root.size() - 1) < 0) {
    return Outcome::refused(errno, "readlink(root filesystem)");
  }
  const auto text = os::read_file("/proc/self/mountinfo");
  if (!text.ok()) {
    return Outcome::refused(text.error().err, "read(\"/proc/self/mountinfo\")");
  }
  const std::string below = std::string{root.data()} + "/";
  for (const base::MountInfo& mount : base::parse_mountinfo(text.value())) {
    const char* path = mount.target.c_str();
    if ((mount.fstype != "proc" && mount.fstype != "sysfs") || mount.target.starts_with(below)) {
      continue;
    }
    // It must not go on the host as well. Locked in a user namespace, it can still be covered.
    static_cast<void>(::mount(nullptr, path, nullptr, MS_SLAVE | MS_REC, nullptr));
    if (::umount2(path, MNT_DETACH) != 0 && errno != ENOENT &&
        ::mount("tmpfs", path, "tmpfs", 0, nullptr) != 0) {
      return Outcome::refused(errno, "umount2(\"%s\", MNT_DETACH) before MS_MOVE", path);
    }
  }
  return Outcome::done();
}

Outcome move_over_root(const Inside& inside) {
  STEP_OK(drop_kernel_filesystems(inside));
  if (::fchdir(inside.root.get()) != 0 || ::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0) {
    return Outcome::refused(errno, "mount(root filesystem, \"/\", MS_MOVE)");
  }
  if (::chroot(".") != 0 || ::chdir("/") != 0) {
    return Outcome::refused(errno, "chroot(\".\")");
  }
  return Outcome::done();
}

/// By path and not by the descriptor, which leads into the mount namespace that was left.
Outcome enter_if_visible(const Inside& inside) {
  struct stat wanted {};
  struct stat seen {};
  const os::UniqueFd here{::open(inside.root_path, O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (::fstat(inside.root.get(), &wanted) != 0 || !here || ::fstat(here.get(), &seen) != 0 ||
      wanted.st_dev != seen.st_dev || wanted.st_ino != seen.st_ino) {
    return Outcome::done();
  }
  if (::fchdir(here.get()) != 0 || ::chroot(".") != 0 || ::chdir("/") != 0) {
    return Outcome::refused(errno, "chroot(\"%s\") in the joined mount namespace",
                            inside.root_path);
  }
  return Outcome::done();
}

}  // namespace

Outcome run(const plan::PropagateRoot& step, Inside&) {
  if (::mount(nullptr, "/", nullptr, static_cast<unsigned long>(step.flags), nullptr) != 0) {
    return Outcome::refused(errno, "mount(\"/\", 0x%llx)",
                            static_cast<unsigned long long>(step.flags));
  }
  return Outcome::done();
}

Outcome run(const plan::BindRootfs& step, Inside& inside) {
  const char* path = step.path.c_str();
  const bool own_mounts = inside.owns_mounts;
  if (own_mounts) {
    STEP_OK(make_parent_private(path));
    if (::mount(path, path, nullptr, MS_BIND | MS_REC, nullptr) != 0) {
      const int err = errno;
      return Outcome::refused(err, "mount(\"%s\", \"%s\", MS_BIND|MS_REC)", path, path)
          .hint("%s", err == EACCES ? "in a user namespace every parent directory of the root "
                                      "filesystem must be searchable for the mapped root (mode o+x)"
                                    : "");
    }
  }
  inside.root_path = path;
  inside.root = os::UniqueFd{::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!inside.root) {
    return Outcome::refused(errno, "open(\"%s\", O_PATH|O_DIRECTORY)", path);
  }
  return Outcome::done();
}

Outcome run(const plan::EnterRootfs& step, Inside& inside) {
  using How = plan::EnterRootfs::How;
  switch (step.how) {
    case How::Pivot:
      return pivot(inside);
    case How::Move:
      return move_over_root(inside);
    case How::IfVisible:
      return enter_if_visible(inside);
    case How::Chroot:
      break;
  }
  if (::fchdir(inside.root.get()) != 0 || ::chroot(".") != 0 || ::chdir("/") != 0) {
    return Outcome::refused(errno, "chroot(root filesystem)");
  }
  return Outcome::done();
}

Outcome run(const plan::MakeDirectory& step, Inside&) {
  // We are inside: `/` is the container's, and in-root resolution is what chdir(2) will do.
  struct stat seen {};
  if (::stat(step.path.c_str(), &seen) == 0 || errno != ENOENT) {
    return Outcome::done();  // what is wrong with it, chdir(2) will say
  }
  const os::UniqueFd root{::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  os::UniqueFd made;
  return make_in_root(root, step.path.c_str(), Leaf::Directory, made);
}

Outcome run(const plan::PropagateNewRoot& step, Inside&) {
  if (::mount(nullptr, "/", nullptr, static_cast<unsigned long>(step.flags), nullptr) != 0) {
    return Outcome::refused(errno, "mount(\"/\" of the container, 0x%llx)",
                            static_cast<unsigned long long>(step.flags));
  }
  return Outcome::done();
}

}  // namespace boxrun::steps
