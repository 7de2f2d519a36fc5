// Leaves a daemon behind that, for two seconds, makes calls that boxtrace stops at. It makes the file in
// its argument when it begins, and at the end writes there how many failed with ENOSYS, and whether it may
// still gain privileges.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc < 2 || fork() != 0) {
    return 4;
  }
  setsid();
  const int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  int missing = 0;
  int rounds = 0;
  for (; rounds < 200; ++rounds) {
    missing += chdir("/nonexistent") < 0 && errno == ENOSYS;
    missing += mkdir("/nonexistent/a", 0700) < 0 && errno == ENOSYS;
    const pid_t child = fork();
    if (child == 0) {
      execl("/nonexistent", "nonexistent", (char*)0);
      _exit(errno == ENOSYS);
    }
    int status = 0;
    missing += child < 0 || waitpid(child, &status, 0) < 0 || status != 0;
    usleep(10000);
  }
  char text[64];
  const int size = snprintf(text, sizeof(text), "rounds %d missing %d no_new_privs %d\n", rounds,
                            missing, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  return write(fd, text, (size_t)size) == size ? 0 : 1;
}
