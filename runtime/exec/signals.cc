#include "runtime/exec/signals.h"

#include <signal.h>

namespace boxrun::exec {

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) {
    ::signal(number, SIG_DFL);  // fails for SIGKILL and SIGSTOP, which need nothing
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace boxrun::exec
