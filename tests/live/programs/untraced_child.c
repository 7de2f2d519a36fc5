// Makes a child with CLONE_UNTRACED, which no tracer is told of, and waits for it. With an argument,
// one more by clone3, after which it looks whether its flags are what they were. Exits with 8, and 9
// if the second child was made and the flags are there.
#define _GNU_SOURCE
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
  (void)argv;
  const long child = syscall(SYS_clone, SIGCHLD | CLONE_UNTRACED, 0, 0, 0, 0);
  if (child == 0) {
    _exit(8);
  }
  int status = 0;
  waitpid((pid_t)child, &status, 0);
  int result = WEXITSTATUS(status);
  if (argc > 1) {
    struct clone_args args = {.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD};
    const long second = syscall(SYS_clone3, &args, sizeof args);
    if (second == 0) {
      _exit(1);
    }
    waitpid((pid_t)second, &status, 0);
    result += args.flags == CLONE_UNTRACED ? WEXITSTATUS(status) : 50;
  }
  return result;
}
