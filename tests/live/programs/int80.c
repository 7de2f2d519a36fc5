// A 64-bit program that makes a 32-bit call: number 20 is getpid there, writev here. Exits with 0
// when both ways give the same pid.
#include <unistd.h>

int main(void) {
  int pid = 0;
  __asm__ volatile("int $0x80" : "=a"(pid) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
  return pid == getpid() ? 0 : 1;
}
