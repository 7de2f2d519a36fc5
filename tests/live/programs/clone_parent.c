// A child makes a sibling with CLONE_PARENT, as runc's stages do: the first process is the parent of
// both. Exits with the number of children that it could wait for.

#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0) {
    const long sibling = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    _exit(sibling == 0 ? 5 : 6);
  }
  int children = 0;
  while (wait(NULL) > 0) {
    ++children;
  }
  return children;
}
