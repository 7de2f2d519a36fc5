// Loading the filter that boxrun compiled (exec/seccomp_program.h).
//
// Either CAP_SYS_ADMIN or no_new_privs is needed: otherwise an unprivileged caller could put a
// filter before a set-user-ID program and make its setuid(2) "succeed" without effect. The plan
// loads it before the capabilities go, or, with no_new_privs, as the last thing before execve(2),
// where the fewest system calls of ours have to be allowed by it.
//
// Sources: seccomp(2); Documentation/userspace-api/seccomp_filter.rst; no_new_privs.rst.

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/steps/steps.h"

namespace boxrun::steps {

Outcome run(const plan::NoNewPrivileges&, Inside&) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Outcome::refused(errno, "prctl(PR_SET_NO_NEW_PRIVS, 1)");
  }
  return Outcome::done();
}

Outcome run(const plan::LoadSeccomp&, Inside& inside) {
  const auto& filter = inside.prepared.filter;
  if (!inside.prepared.has_filter || filter.empty()) {
    return Outcome::done();
  }
  // The kernel only reads the instructions; its struct has no const.
  const sock_fprog program{static_cast<unsigned short>(filter.size()),
                           const_cast<sock_filter*>(filter.data())};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, inside.prepared.filter_flags, &program) !=
      0) {
    const int err = errno;
    Outcome outcome =
        Outcome::refused(err, "seccomp(SECCOMP_SET_MODE_FILTER, 0x%x, %zu instructions)",
                         inside.prepared.filter_flags, filter.size());
    if (err == EACCES) {
      outcome.hint("without CAP_SYS_ADMIN a filter needs noNewPrivileges");
    } else if (err == EINVAL) {
      outcome.hint("the kernel does not know one of the flags, or the filter is too long");
    }
    return outcome;
  }
  return Outcome::done();
}

}  // namespace boxrun::steps
