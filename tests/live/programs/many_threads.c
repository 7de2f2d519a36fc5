// 64 threads, each of which makes 20 calls and ends. Exits with 0 when the calls were all made.
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { kThreads = 64, kCalls = 20 };
static atomic_int g_calls;

static void* work(void* unused) {
  (void)unused;
  for (int i = 0; i < kCalls; ++i) {
    if (getppid() > 0) {
      ++g_calls;
    }
  }
  return NULL;
}

int main(void) {
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    if (pthread_create(&threads[i], NULL, work, NULL) != 0) {
      return 1;
    }
  }
  for (int i = 0; i < kThreads; ++i) {
    pthread_join(threads[i], NULL);
  }
  return g_calls == kThreads * kCalls ? 0 : 2;
}
