// The init of a new pid namespace exits while three of its children wait for ever: the kernel kills
// them, and init cannot be reaped before they are. Needs CAP_SYS_ADMIN. Exits with init's status,
// 11; or with 77 when the namespace is refused.
#define _GNU_SOURCE
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  if (unshare(CLONE_NEWPID) != 0) {
    return 77;
  }
  const pid_t init = fork();
  if (init == 0) {
    for (int i = 0; i < 3; ++i) {
      if (fork() == 0) {
        for (;;) {
          pause();
        }
      }
    }
    usleep(50000);
    _exit(11);
  }
  int status = 0;
  waitpid(init, &status, 0);
  return WEXITSTATUS(status);
}
