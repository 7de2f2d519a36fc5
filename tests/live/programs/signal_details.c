// Queues a realtime signal with a value to itself three times and raises one more by tgkill. Exits
// with 0 when each was delivered exactly once, with the details it was sent with.
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int g_sum, g_count, g_wrong, g_usr1;

static void on_realtime(int signo, siginfo_t* details, void* context) {
  (void)signo;
  (void)context;
  ++g_count;
  g_sum += details->si_value.sival_int;
  g_wrong += details->si_code != SI_QUEUE || details->si_pid != getpid();
}

static void on_usr1(int signo, siginfo_t* details, void* context) {
  (void)signo;
  (void)context;
  ++g_usr1;
  g_wrong += details->si_code != SI_TKILL;
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_realtime, .sa_flags = SA_SIGINFO};
  sigaction(SIGRTMIN, &action, NULL);
  action.sa_sigaction = on_usr1;
  sigaction(SIGUSR1, &action, NULL);
  for (int value = 1; value <= 3; ++value) {
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = value});
  }
  syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
  return g_sum == 6 && g_count == 3 && g_usr1 == 1 && g_wrong == 0 ? 0 : 1;
}
