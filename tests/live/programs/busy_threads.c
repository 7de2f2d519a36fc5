// As many threads as the first argument says, each of which calls getppid() without a pause, as soon as
// all are there and until the second argument's milliseconds are over. Exits with 0.
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static atomic_int g_stop;
static pthread_barrier_t g_start;

static void* work(void* unused) {
  (void)unused;
  pthread_barrier_wait(&g_start);
  while (!g_stop) {
    getppid();
  }
  return NULL;
}

int main(int argc, char** argv) {
  const int threads = argc > 1 ? atoi(argv[1]) : 1;
  const long milliseconds = argc > 2 ? atol(argv[2]) : 100;
  pthread_barrier_init(&g_start, NULL, (unsigned)threads + 1);
  for (int i = 0; i < threads; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, NULL) != 0) {
      return 1;
    }
  }
  const struct timespec nap = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  pthread_barrier_wait(&g_start);
  nanosleep(&nap, NULL);
  g_stop = 1;
  return 0;
}
