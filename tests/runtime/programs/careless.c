/* A runtime that enters a container (PID in argv[1]) as CVE-2016-9962 did: with a directory of the
 * host open, and dumpable, so that whoever is root inside may look into it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const int host = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int target = argc == 2 ? (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0) : -1;
  if (host < 0 || target < 0 || setns(target, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) != 0 ||
      setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0) {
    return 1;
  }
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    usleep(500000); /* what a runtime has to do before it executes the program */
    _exit(0);
  }
  return child > 0 && waitpid(child, NULL, 0) == child ? 0 : 1;
}
