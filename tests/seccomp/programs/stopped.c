// Calls unshare(CLONE_NEWNS) under a filter of its own, which answers as the first argument says:
// it kills the process or the thread, or traps; `handled` has a handler for SIGSYS.

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void on_signal(int signo) {
  (void)signo;
  _exit(9);
}

int main(int argc, char** argv) {
  const char* how = argc > 1 ? argv[1] : "process";
  unsigned action = SECCOMP_RET_TRAP | 5;
  if (strcmp(how, "process") == 0) {
    action = SECCOMP_RET_KILL_PROCESS;
  } else if (strcmp(how, "thread") == 0) {
    action = SECCOMP_RET_KILL_THREAD;
  } else if (strcmp(how, "handled") == 0) {
    signal(SIGSYS, on_signal);
  }
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, action),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    return 1;
  }
  syscall(SYS_unshare, 0x20000);
  return 0;
}
