// Makes calls into which a test injects, and prints what came of each, a line per call.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile int g_signals;

static void on_signal(int signo) {
  (void)signo;
  ++g_signals;
}

static void tell(const char* what, long result) {
  printf("%s %ld %d\n", what, result, result < 0 ? errno : 0);
}

/// By the 32-bit entry, where a 64-bit kernel has one; getpgid is 132 there.
static long int80(long number, long argument) {
  long result = number;
  __asm__ volatile("int $0x80" : "+a"(result) : "b"(argument) : "memory", "r8", "r9", "r10", "r11");
  return result;
}

int main(void) {
  signal(SIGUSR1, on_signal);
  for (int i = 0; i < 3; ++i) {
    tell("mkdir", syscall(SYS_mkdir, "/nonexistent/directory", 0700));
  }
  tell("getppid", syscall(SYS_getppid));
  tell("umask", syscall(SYS_umask, 022));
  tell("int80", int80(132, 0) < 0 ? 1 : 0);
  tell("signals", g_signals);
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  syscall(SYS_getpgid, 0);
  clock_gettime(CLOCK_MONOTONIC, &after);
  const long passed =
      (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
  tell("delayed", passed >= 50);
  return 0;
}
