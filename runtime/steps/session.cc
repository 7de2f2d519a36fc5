// The session and the keyring. Both are inherited by fork(2) and execve(2): without a new session
// the container could be killed through the caller's terminal, and could push input into it with
// TIOCSTI; without a new session keyring it could read the caller's keys.
//
// Sources: setsid(2); keyctl_join_session_keyring(3); session-keyring(7).

#include <errno.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/steps/steps.h"

namespace boxrun::steps {

Outcome run(const plan::NewSession&, Inside&) {
  // EPERM: a process group leader already is one, as pid 1 of a new pid namespace never is.
  if (::setsid() < 0 && errno != EPERM) {
    return Outcome::refused(errno, "setsid()");
  }
  return Outcome::done();
}

Outcome run(const plan::JoinKeyring& step, Inside& inside) {
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, step.name.c_str()) >= 0) {
    return Outcome::done();
  }
  const int err = errno;
  if (err == ENOSYS) {
    return Outcome::done();  // a kernel without keyrings has none to leak
  }
  if (err == EDQUOT || err == EACCES || err == EPERM) {
    inside.warn(
        "keyctl(JOIN_SESSION_KEYRING, \"%s\") was refused: the container shares the "
        "caller's session keyring",
        step.name.c_str());
    return Outcome::done();
  }
  return Outcome::refused(err, "keyctl(JOIN_SESSION_KEYRING, \"%s\")", step.name.c_str())
      .hint("--no-new-keyring leaves the keyring alone");
}

}  // namespace boxrun::steps
