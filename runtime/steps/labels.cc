// Labels of security modules for the program to come.
//
// A process writes into its own /proc/thread-self/attr what it wants to be called after the next
// execve(2). `/proc` may later be the container's own, into which its author could have mounted a
// file of his: what boxrun writes there would have no effect, and the program would run unconfined
// (CVE-2019-16884). So the file is opened while `/proc` is the host's, checked to be on procfs, and
// written through the descriptor.
//
// Sources: proc(5), /proc/pid/attr; Documentation/admin-guide/LSM/apparmor.rst.

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdio>

#include "runtime/steps/steps.h"

namespace boxrun::steps {
namespace {

bool is_apparmor(plan::SecurityModule module) { return module == plan::SecurityModule::AppArmor; }

}  // namespace

Outcome run(const plan::OpenLabel& step, Inside& inside) {
  os::UniqueFd& label = is_apparmor(step.module) ? inside.apparmor_label : inside.selinux_label;
  // With several modules active `attr/exec` belongs to one of them; AppArmor has its own since 5.8.
  const char* path = is_apparmor(step.module) ? "/proc/thread-self/attr/apparmor/exec"
                                              : "/proc/thread-self/attr/exec";
  label = os::UniqueFd{::open(path, O_WRONLY | O_CLOEXEC)};
  if (!label && errno == ENOENT) {
    path = "/proc/thread-self/attr/exec";
    label = os::UniqueFd{::open(path, O_WRONLY | O_CLOEXEC)};
  }
  if (!label) {
    return Outcome::refused(errno, "open(\"%s\", O_WRONLY)", path);
  }
  struct statfs seen {};
  if (::fstatfs(label.get(), &seen) != 0 || seen.f_type != PROC_SUPER_MAGIC) {
    return Outcome::refused(EXDEV, "%s is not on procfs", path);
  }
  return Outcome::done();
}

Outcome run(const plan::SetLabel& step, Inside& inside) {
  const bool apparmor = is_apparmor(step.module);
  const os::UniqueFd& label = apparmor ? inside.apparmor_label : inside.selinux_label;
  std::array<char, 1024> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%s%s", apparmor ? "exec " : "", step.label.c_str());
  if (size < 0 || static_cast<std::size_t>(size) >= text.size()) {
    return Outcome::refused(ENAMETOOLONG, "a label of %zu bytes", step.label.size());
  }
  if (::write(label.get(), text.data(), static_cast<std::size_t>(size)) == size) {
    return Outcome::done();
  }
  const int err = errno;
  return Outcome::refused(err, "write(\"/proc/thread-self/attr/exec\", \"%s\")", text.data())
      .hint("%s", err == ENOENT && apparmor
                      ? "no such profile is loaded: see /sys/kernel/security/apparmor/profiles"
                  : err == EINVAL ? "the security module does not know this label"
                                  : "");
}

}  // namespace boxrun::steps
