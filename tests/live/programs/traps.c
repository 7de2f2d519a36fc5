// SIGTRAP belongs to the program: sent by raise(3), by the breakpoint instruction, and by kill(2)
// from itself, it reaches the handler each time, as it would without a tracer. Exits with how often.

#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void count(int signal, siginfo_t* details, void* context) {
  (void)signal;
  (void)context;
  // int3 comes from the kernel, with TRAP_BRKPT or SI_KERNEL; the others from this process.
  caught += details->si_code > 0 || details->si_pid == getpid();
}

int main(void) {
  struct sigaction action = {.sa_sigaction = count, .sa_flags = SA_SIGINFO};
  sigaction(SIGTRAP, &action, NULL);
  raise(SIGTRAP);
  __asm__ volatile("int3");
  kill(getpid(), SIGTRAP);
  return caught;
}
