// Makes as many of the smallest system calls as its argument says.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char** argv) {
  long left = argc > 1 ? atol(argv[1]) : 20000;
  while (left-- > 0) {
    syscall(SYS_getppid);
  }
  return 0;
}
