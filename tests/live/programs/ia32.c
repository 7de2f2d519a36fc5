// A 32-bit program, without a C library: an i386 process, whose calls have other numbers (close is
// 6, which is lstat on x86-64) and other orders of arguments (clone). It makes a directory, removes
// it, makes a child and exits with the child's status plus one.

static long call(long number, long a, long b, long c, long d, long e) {
  long result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                   : "memory");
  return result;
}

enum { kExit = 1, kMkdir = 39, kRmdir = 40, kClose = 6, kWaitpid = 7, kClone = 120 };
enum { kChildsStatus = 20, kSigchld = 17 };

void _start(void) {
  call(kMkdir, (long)"ia32_dir", 0700, 0, 0, 0);
  call(kRmdir, (long)"ia32_dir", 0, 0, 0, 0);
  call(kClose, 999, 0, 0, 0, 0);
  const long child = call(kClone, kSigchld, 0, 0, 0, 0);
  if (child == 0) {
    call(kExit, kChildsStatus, 0, 0, 0, 0);
  }
  int status = 0;
  call(kWaitpid, child, (long)&status, 0, 0, 0);
  call(kExit, (status >> 8 & 0xff) + 1, 0, 0, 0, 0);
  for (;;) {
  }
}
