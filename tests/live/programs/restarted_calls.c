// Two calls that a signal interrupts and the kernel restarts: a read under SA_RESTART, and a sleep
// that a stop and continuation cut in two. Exits with 0 when the program itself noticed nothing.
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void on_signal(int signo) { (void)signo; }

int main(void) {
  int ends[2];
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
  if (pipe(ends) != 0) {
    return 1;
  }
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    usleep(100000);
    kill(parent, SIGUSR1);
    usleep(100000);
    if (write(ends[1], "x", 1) != 1) {
      _exit(1);
    }
    usleep(100000);
    kill(parent, SIGSTOP);
    usleep(50000);
    kill(parent, SIGCONT);
    _exit(0);
  }
  char byte = 0;
  if (read(ends[0], &byte, 1) != 1 || byte != 'x') {
    return 2;
  }
  const struct timespec length = {2, 0};  // longer than all that the child does
  if (nanosleep(&length, NULL) != 0) {
    return 3;
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0 ? 0 : 4;
}
