// One of several threads kills the whole process with SIGKILL while the others make calls.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void* make_calls(void* unused) {
  (void)unused;
  for (;;) {
    getppid();
  }
  return NULL;
}

static void* kill_all(void* unused) {
  (void)unused;
  usleep(20000);
  kill(getpid(), SIGKILL);
  return NULL;
}

int main(void) {
  pthread_t thread;
  for (int i = 0; i < 4; ++i) {
    pthread_create(&thread, NULL, make_calls, NULL);
  }
  pthread_create(&thread, NULL, kill_all, NULL);
  for (;;) {
    pause();
  }
}
