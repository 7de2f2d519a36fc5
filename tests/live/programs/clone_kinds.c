// One child by each way to make one; exits with the number of children that ended as they should.
#define _GNU_SOURCE
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int g_good;

static void expect(pid_t child) {
  int status = 0;
  if (child > 0 && waitpid(child, &status, __WALL) == child && WIFEXITED(status) &&
      WEXITSTATUS(status) == 0) {
    ++g_good;
  }
}

int main(void) {
  signal(SIGUSR1, SIG_IGN);  // of the third child

  long child = syscall(SYS_fork);
  if (child == 0) {
    _exit(0);
  }
  expect((pid_t)child);

  child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) {
    _exit(0);
  }
  expect((pid_t)child);

  child = syscall(SYS_clone, SIGUSR1 | CLONE_FS, 0, 0, 0, 0);  // no SIGCHLD: PTRACE_EVENT_CLONE
  if (child == 0) {
    _exit(0);
  }
  expect((pid_t)child);

  struct clone_args args = {.flags = CLONE_FILES, .exit_signal = SIGCHLD};
  child = syscall(SYS_clone3, &args, sizeof(args));
  if (child == 0) {
    _exit(0);
  }
  expect((pid_t)child);

  // A sibling: its parent is whoever started us, so it must not be waited for here.
  child = syscall(SYS_clone, SIGCHLD | CLONE_PARENT, 0, 0, 0, 0);
  if (child == 0) {
    _exit(0);
  }
  return g_good;
}
