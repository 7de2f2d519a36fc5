// Passes the kernel a path whose terminator is the last byte before an unmapped page, one that has
// no terminator before it, and one that is not mapped at all. Exits with 0 when they gave success,
// EFAULT and EFAULT.
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char* two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(two + page, page);
  char* end = two + page;
  memcpy(end - 2, "/", 2);
  if (syscall(SYS_access, end - 2, F_OK) != 0) {
    return 1;
  }
  memcpy(end - 4, "/abc", 4);
  if (syscall(SYS_access, end - 4, F_OK) != -1 || errno != EFAULT) {
    return 2;
  }
  return syscall(SYS_access, end, F_OK) == -1 && errno == EFAULT ? 0 : 3;
}
