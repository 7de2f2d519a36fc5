#include "runtime/exec/self_protect.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/exec/readonly_self.h"
#include "tracer/os/file.h"

namespace boxrun::exec {
namespace {

constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

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
  if (raw::is_protected()) {
    // execveat(2) has named us after a descriptor.
    ::prctl(PR_SET_NAME, "boxrun", 0, 0, 0);
    return {};
  }
  raw::execute_readonly_clone(argv, environ);
  TRY(const os::UniqueFd self, os::open_file("/proc/self/exe"));
  TRY(const os::UniqueFd safe, copy_sealed(self));
  ::syscall(SYS_execveat, safe.get(), "", argv, environ, AT_EMPTY_PATH);
  return os::errno_error("execveat(own binary)");
}

}  // namespace boxrun::exec
