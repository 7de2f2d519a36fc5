#include "runtime/exec/clone.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace boxrun::exec {

pid_t clone_process(std::uint64_t flags, int cgroup) {
  clone_args arguments{};
  arguments.flags = static_cast<__u64>(flags);
  // With CLONE_PARENT the signal is the parent's own, and naming one is refused.
  arguments.exit_signal = (flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
  if (cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<__u64>(cgroup);
  }
  return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

}  // namespace boxrun::exec
