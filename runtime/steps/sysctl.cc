// Kernel settings of the container's namespaces.
//
// The files below /proc/sys/net and the IPC and UTS keys show the namespaces of the process that
// opens them, so the host's procfs does for init, and is the only one to trust: a container could
// mount something over its own /proc/sys and have us write elsewhere (CVE-2025-52881). Hence this
// step runs before any mount of the container, and checks that it writes to procfs.
//
// Sources: proc(5), /proc/sys; net/sysctl_net.c: net_ctl_root lookup.

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "runtime/steps/steps.h"

namespace boxrun::steps {

Outcome run(const plan::WriteSysctl& step, Inside&) {
  const char* file = step.file.c_str();
  const os::UniqueFd base{::open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  open_how how{};
  how.flags = O_WRONLY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  const os::UniqueFd fd{
      static_cast<int>(::syscall(SYS_openat2, base.get(), file, &how, sizeof how))};
  if (!fd) {
    const int err = errno;
    return Outcome::refused(err, "open(\"/proc/sys/%s\", O_WRONLY)", file)
        .hint("%s", err == ENOENT   ? "this kernel has no such setting, or not in this namespace"
                    : err == EACCES ? "the setting belongs to the first user namespace"
                                    : "");
  }
  struct statfs seen {};
  if (::fstatfs(fd.get(), &seen) != 0 || seen.f_type != PROC_SUPER_MAGIC) {
    return Outcome::refused(EXDEV, "/proc/sys/%s is not on procfs", file);
  }
  if (::write(fd.get(), step.value.data(), step.value.size()) < 0) {
    const int err = errno;
    return Outcome::refused(err, "write(\"/proc/sys/%s\", \"%s\")", file, step.value.c_str())
        .hint("%s", err == EINVAL ? "the kernel does not take this value (ids must be mapped in "
                                    "the user namespace)"
                                  : "");
  }
  return Outcome::done();
}

}  // namespace boxrun::steps
