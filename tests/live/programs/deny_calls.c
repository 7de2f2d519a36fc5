// Denies itself mkdir, chmod, unshare and mount by a seccomp filter, then makes each of them, and
// others, in itself and in a child. With `tsync` the calls are made by a thread that was running when
// the filter was installed for all of them. With `trace` the filter asks for a tracer instead.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DENY(number) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, action)

static volatile int installed;

// How many of the four calls fail as expected.
static int make_calls(int expected) {
  int denied = 0;
  denied += syscall(SYS_mkdir, "/nonexistent/a", 0700) < 0 && errno == expected;
  getpid();
  denied += syscall(SYS_chmod, "/nonexistent/a", 0700) < 0 && errno == expected;
  denied += syscall(SYS_unshare, CLONE_NEWUTS) < 0 && errno == expected;
  denied += syscall(SYS_mount, "none", "/nonexistent", "tmpfs", 0, 0) < 0 && errno == expected;
  access("/nonexistent", F_OK);
  return denied;
}

static void* run_thread(void* expected) {
  while (!installed) {
  }
  return (void*)(long)make_calls(*(int*)expected);
}

int main(int argc, char** argv) {
  const int tsync = argc > 1 && strcmp(argv[1], "tsync") == 0;
  const int trace = argc > 1 && strcmp(argv[1], "trace") == 0;
  const unsigned action = trace ? SECCOMP_RET_TRACE | 7 : SECCOMP_RET_ERRNO | EXDEV;
  int expected = trace ? ENOSYS : EXDEV;
  struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                               DENY(SYS_mkdir),
                               DENY(SYS_chmod),
                               DENY(SYS_unshare),
                               DENY(SYS_mount),
                               BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {sizeof(code) / sizeof(*code), code};
  pthread_t thread;
  if (tsync && pthread_create(&thread, NULL, run_thread, &expected) != 0) {
    return 90;
  }
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, tsync ? SECCOMP_FILTER_FLAG_TSYNC : 0,
              &program) != 0) {
    return 91;
  }
  installed = 1;
  if (tsync) {
    void* denied = NULL;
    pthread_join(thread, &denied);
    return denied == (void*)4L ? 0 : 92;
  }
  if (make_calls(expected) != 4) {
    return 93;
  }
  const pid_t child = fork();
  if (child == 0) {
    _exit(make_calls(expected) == 4 ? 0 : 94);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}
