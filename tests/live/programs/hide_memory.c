// Makes itself undumpable, then opens a path: a tracer without privilege may not read it any more.
#include <fcntl.h>
#include <sys/prctl.h>

int main(void) {
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return open("/nonexistent/hidden", O_RDONLY) < 0 ? 0 : 1;
}
