// A thread that is not the leader calls execve, while the leader and two others wait or spin.
// The new program exits with status 5.
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static atomic_int g_ready;
static char* g_self;

static void* spin(void* unused) {
  (void)unused;
  ++g_ready;
  for (;;) {
    getppid();
  }
  return NULL;
}

static void* wait_for_ever(void* unused) {
  (void)unused;
  ++g_ready;
  for (;;) {
    pause();
  }
  return NULL;
}

static void* execute(void* unused) {
  (void)unused;
  while (g_ready < 2) {
    usleep(1000);
  }
  char* argv[] = {g_self, "again", NULL};
  char* envp[] = {NULL};
  execve(g_self, argv, envp);
  return NULL;
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "again") == 0) {
    return 5;
  }
  g_self = argv[0];
  pthread_t thread;
  pthread_create(&thread, NULL, spin, NULL);
  pthread_create(&thread, NULL, wait_for_ever, NULL);
  pthread_create(&thread, NULL, execute, NULL);
  for (;;) {
    pause();
  }
}
