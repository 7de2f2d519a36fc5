// Traces a child of its own, once by PTRACE_TRACEME and once by PTRACE_SEIZE. Exits with 3 if both
// did what they do without another tracer around, else with 10 + the errno of the first that failed.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/// The child's exit status after it was continued from its stop by `stop`; negative: -errno.
static int end_of(pid_t child, int stop) {
  int status = 0;
  if (waitpid(child, &status, __WALL) != child) {
    return -errno;
  }
  if (!WIFSTOPPED(status) || WSTOPSIG(status) != stop) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  if (ptrace(PTRACE_CONT, child, 0, 0) != 0 || waitpid(child, &status, __WALL) != child) {
    return -errno;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(void) {
  pid_t child = fork();
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) {
      _exit(10 + errno);
    }
    raise(SIGSTOP);  // under its tracer: a stop of ptrace
    _exit(1);
  }
  const int first = end_of(child, SIGSTOP);
  if (first != 1) {
    return first < 0 ? 10 - first : first;
  }
  int gate[2];
  if (pipe(gate) != 0 || (child = fork()) < 0) {
    return 9;
  }
  if (child == 0) {
    char byte;
    close(gate[1]);
    _exit(read(gate[0], &byte, 1) == 0 ? 2 : 8);
  }
  close(gate[0]);
  if (ptrace(PTRACE_SEIZE, child, 0, 0) != 0) {
    const int failure = errno;
    close(gate[1]);
    return 10 + failure;
  }
  ptrace(PTRACE_INTERRUPT, child, 0, 0);
  close(gate[1]);
  const int second = end_of(child, SIGTRAP);
  return second < 0 ? 10 - second : first + second;
}
