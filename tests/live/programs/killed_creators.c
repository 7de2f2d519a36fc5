// Processes that are killed while two of their threads make processes, at moments that differ from round to round:
// before a child's first stop, between a report and the question it raises, in an exec. Every orphan becomes a
// child of the first process, which waits for them all. Its argument: the number of rounds, and of orphans; on a slow
// machine it takes more rounds, with longer lives.
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
  if (argc < 2) {
    return 0;
  }
  self = argv[0];
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int rounds = atoi(argv[1]);
  int orphans = 0;
  for (int round = 0; round < rounds || orphans < rounds; ++round) {
    const pid_t victim = fork();
    if (victim == 0) {
      static int kinds[] = {0, 1};
      pthread_t thread;
      pthread_create(&thread, NULL, make_processes, &kinds[0]);
      make_processes(&kinds[1]);
    }
    usleep((useconds_t)(round * 137 % 4000 * (1 + round / rounds)));
    kill(victim, SIGKILL);
    for (pid_t pid; (pid = waitpid(-1, NULL, 0)) > 0;) {
      orphans += pid != victim;
    }
  }
  return 12;
}
