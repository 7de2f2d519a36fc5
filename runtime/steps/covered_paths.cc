// Read-only and masked paths: parts of /proc and /sys that no namespace separates, and that show or
// change the host.
//
// Read-only is a bind mount of the path onto itself, remounted. Masked is /dev/null over a file,
// and an empty read-only tmpfs over a directory. What does not exist needs no cover.
//
// The null device is the host's, opened once and looked at: a container image that brings its own
// /dev could otherwise choose what is bound over /proc/kcore. CVE-2025-31133.

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <string_view>

#include "runtime/steps/mount_calls.h"
#include "runtime/steps/root_path.h"
#include "runtime/steps/steps.h"

namespace boxrun::steps {
namespace {

Outcome open_dev_null(Inside& inside) {
  if (inside.dev_null) {
    return Outcome::done();
  }
  inside.dev_null = os::UniqueFd{::open("/dev/null", O_PATH | O_CLOEXEC)};
  struct stat seen {};
  if (!inside.dev_null || ::fstat(inside.dev_null.get(), &seen) != 0) {
    return Outcome::refused(errno, "open(\"/dev/null\") of the host");
  }
  if (!S_ISCHR(seen.st_mode) || seen.st_rdev != makedev(1, 3)) {
    return Outcome::refused(ENODEV, "/dev/null of the host is not the null device (c 1:3)");
  }
  return Outcome::done();
}

/// The root, after the pivot. By its plain path: there is nothing above that could be swapped, and
/// the container may have no /proc to name a descriptor with.
Outcome remount_root_readonly() {
  struct statvfs seen {};
  if (::statvfs("/", &seen) != 0) {
    return Outcome::refused(errno, "statvfs(\"/\")");
  }
  const unsigned long flags =
      static_cast<unsigned long>(present_flags(seen.f_flag)) | MS_REMOUNT | MS_BIND | MS_RDONLY;
  if (::mount(nullptr, "/", nullptr, flags, nullptr) != 0) {
    return Outcome::refused(errno, "mount(\"/\", MS_REMOUNT|MS_BIND|MS_RDONLY)");
  }
  return Outcome::done();
}

bool is_missing(int err) { return err == ENOENT || err == ENOTDIR; }

}  // namespace

Outcome run(const plan::MakeReadonly& step, Inside& inside) {
  const char* path = step.path.c_str();
  if (step.path == "/") {
    return remount_root_readonly();
  }
  const os::UniqueFd target{open_in_root(inside.root, path, O_PATH)};
  if (!target) {
    return is_missing(errno) ? Outcome::done()
                             : Outcome::refused(errno, "openat2(\"<rootfs>%s\")", path);
  }
  if (step.is_mount) {
    return change_flags(target, MS_RDONLY, 0, path);
  }
  return bind_over(target, target, path, /*recursive=*/true, MS_RDONLY);
}

Outcome run(const plan::Mask& step, Inside& inside) {
  const char* path = step.path.c_str();
  const os::UniqueFd target{open_in_root(inside.root, path, O_PATH)};
  if (!target) {
    return is_missing(errno) ? Outcome::done()
                             : Outcome::refused(errno, "openat2(\"<rootfs>%s\")", path);
  }
  struct stat seen {};
  if (::fstat(target.get(), &seen) != 0) {
    return Outcome::refused(errno, "fstat(\"<rootfs>%s\")", path);
  }
  if (S_ISDIR(seen.st_mode)) {
    // One block and one inode: the directory itself.
    if (::mount("tmpfs", FdPath{target}.c_str(), "tmpfs",
                MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "nr_blocks=1,nr_inodes=1") != 0) {
      return Outcome::refused(errno, "mount(\"tmpfs\", \"<rootfs>%s\", MS_RDONLY)", path);
    }
    return Outcome::done();
  }
  STEP_OK(open_dev_null(inside));
  return bind_over(inside.dev_null, target, path, /*recursive=*/false, 0);
}

}  // namespace boxrun::steps
