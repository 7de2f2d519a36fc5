// Leaves a daemon behind: two forks and a session of its own. The daemon makes a call that only it
// makes (sethostname with an empty buffer, which fails), after its ancestors are gone.
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  if (fork() == 0) {
    setsid();
    if (fork() == 0) {
      usleep(150000);
      syscall(SYS_sethostname, 0, 1);
      _exit(9);
    }
    _exit(0);
  }
  return 2;
}
