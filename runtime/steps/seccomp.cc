// Loading the filter that boxrun compiled (exec/seccomp_program.h).
//
// Either CAP_SYS_ADMIN or no_new_privs is needed: otherwise an unprivileged caller could put a
// filter before a set-user-ID program and make its setuid(2) "succeed" without effect. The filter
// is loaded after everything else, so that it has to allow little of what boxrun does: execve(2),
// and without no_new_privs the capset(2) that takes CAP_SYS_ADMIN away.
//
// SCMP_ACT_NOTIFY: loading returns a descriptor on which somebody else answers for the kernel. It
// has to be sent over a socket, but by then our own sendmsg(2) is filtered too, and might wait for
// an answer from a listener that has nothing to listen to. A second thread, started before, is not
// filtered; it sends, and execve(2) ends it. The first one waits without any system call.
//
// Hooks of startContainer are programs of the image, and run under the same filter, which each
// loads for itself: init still has too much to do. Without a listener: the kernel then answers the
// calls that are for one with ENOSYS, and refuses the flag that says how to wait for an answer.
//
// Sources: seccomp(2); Documentation/userspace-api/seccomp_filter.rst; no_new_privs.rst.

#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <string>
#include <vector>

#include "runtime/exec/fd_passing.h"
#include "runtime/steps/capability_sets.h"
#include "runtime/steps/steps.h"

namespace boxrun::steps {

Outcome run(const plan::NoNewPrivileges&, Inside&) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Outcome::refused(errno, "prctl(PR_SET_NO_NEW_PRIVS, 1)");
  }
  return Outcome::done();
}

namespace {

/// The descriptor on its way to the listener.
struct Handover {
  Inside& inside;
  std::string text;  ///< the container process state, see runtime-spec config-linux.md
  std::atomic<int> fd{-1};
  std::atomic<bool> done{false};
  std::vector<char> stack = std::vector<char>(std::size_t{256} * 1024);
};

/// The second thread.
int hand_over(void* argument) {
  auto& handover = *static_cast<Handover*>(argument);
  while (handover.fd.load() < 0) {
    constexpr timespec kPause{0, 50'000};
    ::nanosleep(&kPause, nullptr);
  }
  const os::BorrowedFd socket = handover.inside.prepared.seccomp_listener;
  const os::BorrowedFd fd{handover.fd.load()};
  if (!exec::send_descriptor(socket, fd, handover.text)) {
    handover.inside.report(Outcome::refused(errno, "sendmsg(listenerPath, SCM_RIGHTS)")
                               .hint("the program at listenerPath has closed the connection"));
    ::_exit(125);  // the whole process: nobody would answer its system calls
  }
  handover.done.store(true);
  return 0;
}

Outcome start_thread(Handover& handover) {
  const auto& parts = handover.inside.prepared.seccomp_state;
  const std::string pid = std::to_string(handover.inside.host_pid);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    handover.text += (i == 0 ? "" : pid) + parts[i];
  }
  // clone(2) and not the thread library, which would set up what this process no longer needs.
  const int flags =
      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  if (::clone(hand_over, handover.stack.data() + handover.stack.size(), flags, &handover) < 0) {
    return Outcome::refused(errno, "clone(CLONE_THREAD)")
        .hint(
            "handing the listener over takes a second thread: RLIMIT_NPROC and the limit of pids "
            "must leave room for it");
  }
  return Outcome::done();
}

Outcome refuse_filter(int err, unsigned flags, std::size_t size) {
  Outcome outcome = Outcome::refused(
      err, "seccomp(SECCOMP_SET_MODE_FILTER, 0x%x, %zu instructions)", flags, size);
  if (err == EACCES) {
    outcome.hint("without CAP_SYS_ADMIN a filter needs noNewPrivileges");
  } else if (err == EINVAL) {
    outcome.hint("the kernel does not know one of the flags, or the filter is too long");
  } else if (err == EBUSY) {
    outcome.hint("a filter with a listener is there already: a process can have only one");
  }
  return outcome;
}

/// Makes CAP_SYS_ADMIN effective. `afterwards` becomes what is left of `then`.
Outcome raise_admin(const config::Capabilities& then, CapabilitySets& afterwards) {
  CapabilitySets sets;
  STEP_OK(read_capability_sets(sets));
  const std::uint64_t permitted = then.permitted & sets.permitted;
  afterwards = {then.effective & permitted, permitted, sets.inheritable};
  sets.effective |= sets.permitted & capability_bit(CAP_SYS_ADMIN);
  return write_capability_sets(sets);
}

/// For this process or, with a `handover`, for one that somebody listens to.
Outcome load(const plan::LoadSeccomp& step, const exec::Prepared& prepared, Handover* handover) {
  const auto& filter = prepared.filter;
  if (!prepared.has_filter || filter.empty()) {
    return Outcome::done();
  }
  CapabilitySets afterwards;
  if (step.then) {
    STEP_OK(raise_admin(*step.then, afterwards));
  }
  if (handover != nullptr) {
    STEP_OK(start_thread(*handover));
  }
  // The kernel only reads the instructions; its struct has no const.
  const sock_fprog program{static_cast<unsigned short>(filter.size()),
                           const_cast<sock_filter*>(filter.data())};
  constexpr unsigned kOfListener = SECCOMP_FILTER_FLAG_NEW_LISTENER |
                                   1U << 5;  // WAIT_KILLABLE_RECV, newer than Debian 12's header
  const unsigned flags = prepared.filter_flags & (handover != nullptr ? ~0U : ~kOfListener);
  const long listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (listener < 0) {
    return refuse_filter(errno, flags, filter.size());
  }
  // Filtered from here on.
  if (handover != nullptr) {
    handover->fd.store(static_cast<int>(listener));
    while (!handover->done.load()) {
    }
  }
  return step.then ? write_capability_sets(afterwards) : Outcome::done();
}

}  // namespace

Outcome run(const plan::LoadSeccomp& step, Inside& inside) {
  // Leaked on purpose: the second thread may use it until execve(2).
  return load(step, inside.prepared, step.has_listener ? new Handover{inside, {}} : nullptr);
}

Outcome load_for_hook(const plan::LoadSeccomp& step, const Inside& inside) {
  return load(step, inside.prepared, nullptr);
}

}  // namespace boxrun::steps
