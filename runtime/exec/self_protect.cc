#include "runtime/exec/self_protect.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracer/os/file.h"

namespace boxrun::exec {
namespace {

constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

bool is_protected(os::BorrowedFd self) {
  const int seals = ::fcntl(self.get(), F_GET_SEALS);
  if (seals >= 0 && (seals & F_SEAL_WRITE) != 0) {
    return true;
  }
  struct statvfs seen {};
  return ::fstatvfs(self.get(), &seen) == 0 && (seen.f_flag & ST_RDONLY) != 0;
}

/// A clone of the mount that boxrun is on, of this one file, read-only and in no namespace: the
/// container can neither remount it nor reach the original through it.
os::UniqueFd clone_readonly() {
  os::UniqueFd tree{::open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)};
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (!tree ||
      ::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    return {};
  }
  return tree;
}

Result<os::UniqueFd> copy_sealed(os::BorrowedFd self) {
  os::UniqueFd copy{::memfd_create("boxrun", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!copy) {
    return os::errno_error("memfd_create(\"boxrun\")");
  }
  struct stat seen {};
  if (::fstat(self.get(), &seen) != 0) {
    return os::errno_error("fstat(\"/proc/self/exe\")");
  }
  for (off_t done = 0; done < seen.st_size;) {
    if (::sendfile(copy.get(), self.get(), &done, static_cast<std::size_t>(seen.st_size - done)) <=
        0) {
      return os::errno_error("sendfile(\"/proc/self/exe\")");
    }
  }
  if (::fchmod(copy.get(), 0755) != 0 || ::fcntl(copy.get(), F_ADD_SEALS, kSeals) != 0) {
    return os::errno_error("fcntl(F_ADD_SEALS)");
  }
  return copy;
}

}  // namespace

Result<void> protect_own_binary(char** argv) {
  TRY(const os::UniqueFd self, os::open_file("/proc/self/exe"));
  if (is_protected(self)) {
    // execveat(2) has named us after a descriptor.
    ::prctl(PR_SET_NAME, "boxrun", 0, 0, 0);
    return {};
  }
  os::UniqueFd safe = clone_readonly();
  if (!safe) {
    TRY(safe, copy_sealed(self));
  }
  ::syscall(SYS_execveat, safe.get(), "", argv, environ, AT_EMPTY_PATH);
  return os::errno_error("execveat(own binary)");
}

}  // namespace boxrun::exec
