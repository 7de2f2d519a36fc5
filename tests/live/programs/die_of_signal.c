// Dies of the signal whose number is its argument, without a core dump.
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const int signo = argc > 1 ? atoi(argv[1]) : SIGTERM;
  signal(signo, SIG_DFL);
  kill(getpid(), signo);
  pause();
  return 1;
}
