// Prints every affinity that it, its threads and its children ever see: theirs, and what /proc says of it. With an
// argument it makes calls until it is killed.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned seen; // bit n: there were n CPUs in a set

static int cpus_of_caller(void) {
  cpu_set_t set;
  sched_getaffinity(0, sizeof(set), &set);
  return CPU_COUNT(&set) % 32;
}

static void* look(void* unused) {
  (void)unused;
  __atomic_fetch_or(&seen, 1U << cpus_of_caller(), __ATOMIC_RELAXED);
  return NULL;
}

int main(int argc, char** argv) {
  (void)argv;
  for (int i = 0; i < 200 || argc > 1; ++i) {
    getppid();
    getppid();
    look(NULL);
    if (argc > 1) {
      continue;
    }
    char line[512];
    FILE* status = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof(line), status) != NULL) {
      if (strncmp(line, "Cpus_allowed_list:", 18) == 0 && i % 50 == 0) {
        fputs(line, stdout);
      }
    }
    fclose(status);
    if (i % 10 == 0) {
      fflush(stdout);
      const pid_t child = fork();
      if (child == 0) {
        _exit(cpus_of_caller());
      }
      int end = 0;
      waitpid(child, &end, 0);
      seen |= 1U << WEXITSTATUS(end);
      pthread_t thread;
      pthread_create(&thread, NULL, look, NULL);
      pthread_join(thread, NULL);
    }
  }
  printf("%#x\n", seen);
  return 0;
}
