// As many threads as the argument says, all asleep until a signal ends them.
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void* sleep_on(void* unused) {
  (void)unused;
  for (;;) {
    pause();
  }
  return NULL;
}

int main(int argc, char** argv) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, PTHREAD_STACK_MIN);
  for (int i = argc > 1 ? atoi(argv[1]) : 1; i > 1; --i) {
    pthread_t thread;
    if (pthread_create(&thread, &small, sleep_on, NULL) != 0) {
      return 1;
    }
  }
  sleep_on(NULL);
}
