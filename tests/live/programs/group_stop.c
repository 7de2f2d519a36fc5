// A child stops itself; the parent sees that it stays stopped until it sends SIGCONT. Exits with 0
// when the stop, the waiting and the continuation look as they do without a tracer.
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  atomic_int* went_on =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  atomic_int* may_end = went_on + 1;
  const pid_t child = fork();
  if (child == 0) {
    raise(SIGSTOP);
    *went_on = 1;
    while (*may_end == 0) {  // else its end could hide that it was continued
      usleep(1000);
    }
    _exit(4);
  }
  int status = 0;
  if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status) ||
      WSTOPSIG(status) != SIGSTOP) {
    return 1;
  }
  usleep(100000);
  if (*went_on != 0) {
    return 2;  // the tracer resumed a process that was stopped
  }
  kill(child, SIGCONT);
  if (waitpid(child, &status, WCONTINUED) != child || !WIFCONTINUED(status)) {
    return 3;
  }
  *may_end = 1;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 4) {
    return 4;
  }
  return *went_on == 1 ? 0 : 5;
}
