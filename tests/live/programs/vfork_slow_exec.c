// The child of a vfork takes its time before it execs; its parent cannot be woken meanwhile. Exits
// with the child's status, 6.
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  const pid_t child = vfork();
  if (child == 0) {
    usleep(700000);
    execl("/bin/sh", "sh", "-c", "exit 6", (char*)NULL);
    _exit(1);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
