// Processes that are killed while two of their threads make processes, at moments that differ from round to round:
// before a child's first stop, between a report and the question it raises, in an exec. Every orphan becomes a
// child of the first process, which waits for them all. Its arguments: the number of rounds, and how many times
// longer than usual a process shall live, on a slow machine.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char* self;

static void* make_processes(void* first) {
  for (int kind = *(int*)first;; ++kind) {
    if (kind % 3 == 0) {
      if (vfork() == 0) {
        _exit(0);
      }
    } else if (fork() == 0) {
      if (kind % 3 == 1) {
        execl(self, self, (char*)NULL);
      }
      _exit(0);
    }
  }
  return NULL;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    return 0;
  }
  self = argv[0];
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int rounds = atoi(argv[1]);
  const int slowness = atoi(argv[2]);
  for (int round = 0; round < rounds; ++round) {
    const pid_t victim = fork();
    if (victim == 0) {
      static int kinds[] = {0, 1};
      pthread_t thread;
      pthread_create(&thread, NULL, make_processes, &kinds[0]);
      make_processes(&kinds[1]);
    }
    usleep((useconds_t)(round * 137 % 4000 * slowness));
    kill(victim, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0) {
    }
  }
  return 12;
}
