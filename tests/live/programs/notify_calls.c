// Has its child's mkdir answered by itself, through SECCOMP_RET_USER_NOTIF: it fails with EXDEV.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int listen_and_fork(pid_t* child) {
  struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                               BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
                               BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
                               BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {sizeof(code) / sizeof(*code), code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                    SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  *child = fork();
  if (*child == 0) {
    _exit(syscall(SYS_mkdir, "/nonexistent/a", 0700) < 0 && errno == EXDEV ? 7 : 8);
  }
  return listener;
}

int main(void) {
  pid_t child = 0;
  const int listener = listen_and_fork(&child);
  struct seccomp_notif request = {0};
  if (listener < 0 || ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) {
    return 90;
  }
  struct seccomp_notif_resp answer = {.id = request.id, .error = -EXDEV};
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0) {
    return 91;
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}
