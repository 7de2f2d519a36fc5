// vfork(2), and the child executes its own program again, which exits with 3.
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "again") == 0) {
    return 3;
  }
  char* again[] = {argv[0], "again", NULL};
  char* none[] = {NULL};
  const pid_t child = vfork();
  if (child == 0) {
    execve(argv[0], again, none);
    _exit(99);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}
