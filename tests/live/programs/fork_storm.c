// Forks as many children as its argument says, up to 20 at a time; each exits at once. Exits with 0
// when every one of them exited with the status it was given.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const int wanted = argc > 1 ? atoi(argv[1]) : 500;
  long sum = 0;
  long expected = 0;
  int running = 0;
  for (int i = 0; i < wanted || running > 0;) {
    if (i < wanted && running < 20) {
      if (fork() == 0) {
        _exit(i % 100);
      }
      expected += i % 100;
      ++i;
      ++running;
      continue;
    }
    int status = 0;
    if (wait(&status) < 0 || !WIFEXITED(status)) {
      return 1;
    }
    sum += WEXITSTATUS(status);
    --running;
  }
  return sum == expected ? 0 : 2;
}
