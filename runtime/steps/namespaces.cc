// Namespaces: joining and making them, beyond what clone3(2) did.
//
// setns(2) asks for CAP_SYS_ADMIN in the user namespace that owns the target. So the order matters,
// and no fixed one is right: with root's rights of the host everything can be joined before the
// user namespace is (and some of it only then, if the host owns it); an unprivileged caller first
// needs the user namespace for the rights that open the others. Like nsenter(1) we try, leave what
// is refused, join the user namespace, and try the rest again.
//
// Joining a pid namespace changes the namespace of the children only; [1:NS] clones afterwards.
// Joining a mount namespace also moves root and working directory to its root.
//
// A new time namespace, too, is first one for the children: its offsets can be written until the
// first process enters.
//
// Sources: setns(2); namespaces(7); time_namespaces(7); kernel/nsproxy.c: validate_nsset().

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "runtime/config/names.h"
#include "runtime/steps/steps.h"

namespace boxrun::steps {
namespace {

using config::NamespaceKind;

Outcome refuse_join(int err, const config::Namespace& space, int entry) {
  const auto& name = config::name_of(space.kind);
  Outcome outcome =
      Outcome::refused(err, "setns(\"%s\", %s)", space.path.c_str(), name.word.data());
  outcome.at_entry(entry);
  if (err == EPERM) {
    outcome.hint(
        "joining takes CAP_SYS_ADMIN in the user namespace that owns the target; if it "
        "belongs to another container, join that one's user namespace as well");
  } else if (err == EINVAL) {
    outcome.hint("the file is no %s namespace, or the process is in it already", name.word.data());
  }
  return outcome;
}

int join(const config::Namespace& space, const Inside& inside) {
  const auto found = inside.prepared.namespaces.find(space.kind);
  if (found == inside.prepared.namespaces.end()) {
    errno = EBADF;
    return -1;
  }
  return ::setns(found->second.get(), static_cast<int>(config::name_of(space.kind).clone_flag));
}

}  // namespace

Outcome run(const plan::JoinNamespaces& step, Inside& inside) {
  std::uint64_t joined = 0;
  bool has_user = false;
  for (const auto& space : step.namespaces) {
    has_user = has_user || space.kind == NamespaceKind::User;
  }
  for (const bool last_pass : {false, true}) {
    if (!last_pass && !has_user) {
      continue;
    }
    if (last_pass && has_user) {
      for (std::size_t i = 0; i < step.namespaces.size(); ++i) {
        const auto& space = step.namespaces[i];
        if (space.kind == NamespaceKind::User) {
          if (join(space, inside) != 0) {
            return refuse_join(errno, space, static_cast<int>(i));
          }
          joined |= std::uint64_t{1} << i;
        }
      }
    }
    for (std::size_t i = 0; i < step.namespaces.size(); ++i) {
      const auto& space = step.namespaces[i];
      if (space.kind == NamespaceKind::User || (joined >> i & 1) != 0) {
        continue;
      }
      if (join(space, inside) == 0) {
        joined |= std::uint64_t{1} << i;
      } else if (last_pass || errno != EPERM) {
        return refuse_join(errno, space, static_cast<int>(i));
      }
    }
  }
  return Outcome::done();
}

Outcome run(const plan::UnshareNamespaces& step, Inside&) {
  if (::unshare(static_cast<int>(step.flags)) == 0) {
    return Outcome::done();
  }
  const int err = errno;
  Outcome outcome =
      Outcome::refused(err, "unshare(0x%llx)", static_cast<unsigned long long>(step.flags));
  if (err == EPERM) {
    outcome.hint("needs CAP_SYS_ADMIN, or a user namespace made first");
  } else if (err == ENOSPC) {
    outcome.hint("a limit below /proc/sys/user/max_*_namespaces is reached");
  }
  return outcome;
}

Outcome run(const plan::WriteTimeOffsets& step, Inside&) {
  // The files of an undumpable process belong to root of the first user namespace, whom a process
  // in another one is not. Nobody else is in our pid namespace's view of the container yet.
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  const os::UniqueFd fd{::open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC)};
  const int open_error = errno;
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  errno = open_error;
  if (!fd || ::write(fd.get(), step.text.data(), step.text.size()) < 0) {
    const int err = errno;
    Outcome outcome = Outcome::refused(err, "write(\"/proc/self/timens_offsets\")");
    if (err == ERANGE) {
      outcome.hint("an offset must not bring the clock below zero nor far into the future");
    } else if (err == EPERM || err == EACCES) {
      outcome.hint("offsets take CAP_SYS_TIME in the user namespace that owns the time namespace");
    }
    return outcome;
  }
  return Outcome::done();
}

}  // namespace boxrun::steps
