// Calls getppid from the depths of a stack of a shape that the argument names: `plain` (three
// functions), `signal` (out of a handler), `int80`, `garbage` (a stack pointer and a frame pointer
// into noise), `memfd` and `deleted` (as plain, from a copy of this program without a path),
// `thread`.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOT_INLINE __attribute__((noinline, noclone))

static volatile long result;

NOT_INLINE void shape_inner(void) { result = syscall(SYS_getppid); }
NOT_INLINE void shape_middle(void) {
  shape_inner();
  result++;
}
NOT_INLINE void shape_outer(void) {
  shape_middle();
  result++;
}

static void on_signal(int signal) {
  (void)signal;
  shape_inner();
  result++;
}
NOT_INLINE void shape_raises(void) {
  raise(SIGUSR1);
  result++;
}

NOT_INLINE void shape_int80(void) {
  long number = 64;  // getppid of i386
  __asm__ volatile("int $0x80" : "+a"(number) : : "memory");
  result = number;
}

NOT_INLINE void shape_garbage(void) {
  static unsigned long noise[512];
  for (int i = 0; i < 512; i++) {
    noise[i] = (unsigned long)&shape_garbage + (unsigned long)i * 3;
  }
  register unsigned long* top __asm__("r12") = &noise[256];
  long number = SYS_getppid;
  __asm__ volatile(
      "mov %%rsp, %%r13\n mov %%rbp, %%r14\n mov %%r12, %%rsp\n lea 64(%%r12), %%rbp\n"
      ".cfi_remember_state\n .cfi_undefined %%rip\n"
      "syscall\n"
      ".cfi_restore_state\n mov %%r13, %%rsp\n mov %%r14, %%rbp"
      : "+a"(number)
      : "r"(top)
      : "rcx", "r11", "r13", "r14", "memory");
  result = number;
}

static void* in_thread(void* unused) {
  shape_outer();
  return unused;
}

static void run_copy(const char* own, int deleted) {
  char path[64] = "/tmp/stack_shapes.XXXXXX";
  int to = deleted ? mkstemp(path) : memfd_create("copy", 0);
  int from = open(own, O_RDONLY);
  char buffer[65536];
  ssize_t got = 0;
  while ((got = read(from, buffer, sizeof buffer)) > 0) {
    if (write(to, buffer, (size_t)got) != got) {
      exit(3);
    }
  }
  char by_number[64];
  snprintf(by_number, sizeof by_number, "/proc/self/fd/%d", to);
  if (deleted) {
    fchmod(to, 0700);
    close(to);
    to = open(path, O_PATH);
    unlink(path);
    snprintf(by_number, sizeof by_number, "/proc/self/fd/%d", to);
  }
  execl(by_number, "stack_shapes", "plain", (char*)NULL);
  perror("execl");
  exit(4);
}

int main(int argc, char** argv) {
  const char* shape = argc > 1 ? argv[1] : "plain";
  if (strcmp(shape, "plain") == 0) {
    shape_outer();
  } else if (strcmp(shape, "signal") == 0) {
    signal(SIGUSR1, on_signal);
    shape_raises();
  } else if (strcmp(shape, "int80") == 0) {
    shape_int80();
  } else if (strcmp(shape, "garbage") == 0) {
    shape_garbage();
  } else if (strcmp(shape, "thread") == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
  } else {
    run_copy("/proc/self/exe", strcmp(shape, "deleted") == 0);
  }
  return 0;
}
