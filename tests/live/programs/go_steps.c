// Passes for a program of Go, by the note that its linker leaves. Without arguments, or with the
// name of a piece of work, a daemon that runs itself with that and a second argument, again and
// again, until SIGTERM; ends with 0 if each of these has ended with 7.
//
// "work" makes a few calls that matter to a container, one of them while it blocks all signals, one
// that fails, and a child that a tracer is not to see. It ends with another status than 7 if it was
// sent a signal, or finds one waiting.
//
// "opens" opens files by all kinds of paths. "filtered" has a seccomp filter: calls that it denies,
// one that it kills a child for, and one that it kills a thread for.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

__asm__(
    ".pushsection .note.go.buildid, \"a\", @note\n"
    ".balign 4\n.long 4, 4, 4\n.asciz \"Go\\0\"\n.ascii \"test\"\n"
    ".popsection\n");

static volatile sig_atomic_t g_signals;
static volatile sig_atomic_t g_stop;

static void on_signal(int signal) {
  (void)signal;
  ++g_signals;
}
static void on_end(int signal) {
  (void)signal;
  g_stop = 1;
}

static int work(void) {
  for (int signal = 1; signal < NSIG; ++signal) {
    if (signal != SIGCHLD) {
      struct sigaction action = {.sa_handler = on_signal};
      sigaction(signal, &action, NULL);
    }
  }
  if (unshare(CLONE_NEWUTS) != 0 || sethostname("go-steps", 8) != 0) {
    return 1;
  }
  if (mkdir("/", 0700) == 0 || errno != EEXIST || prctl(PR_SET_NAME, "steps") != 0) {
    return 2;
  }
  sigset_t all;
  sigset_t before;
  sigset_t waiting;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  const int changed = chdir("/proc");
  sigpending(&waiting);
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (changed != 0 || !sigisemptyset(&waiting)) {
    return 3;
  }
  if (syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0) == 0) {
    _exit(0);
  }
  wait(NULL);
  if (chdir("/") != 0) {
    return 4;
  }
  return g_signals == 0 ? 7 : 5;
}

static int opens(void) {
  char long_path[400];
  char through_fd[32];
  memset(long_path, '/', sizeof(long_path));
  strcpy(long_path + sizeof(long_path) - 10, "etc/hosts");
  const int hosts = open("/etc/hosts", O_RDONLY);
  snprintf(through_fd, sizeof(through_fd), "/proc/self/fd/%d", hosts);
  const char* const paths[] = {"/etc/nowhere", "etc/hosts", long_path, through_fd,
                               "/proc/self/stat"};
  int opened = chdir("/");
  for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); ++i) {
    opened += open(paths[i], O_RDONLY) >= 0 ? 1 : 0;
  }
  const int directory = open("/etc", O_RDONLY | O_DIRECTORY);
  opened += openat(directory, "hosts", O_RDONLY) >= 0 ? 1 : 0;
  // A run of drops, of which the state after the last is what counts, and what comes next is told
  // apart.
  const int dropped = prctl(PR_CAPBSET_DROP, 5) + prctl(PR_CAPBSET_DROP, 6) + mkdir("/", 0700);
  return opened == 5 && dropped == -1 ? 7 : 1;
}

static void* kills_its_thread(void* tid) {
  *(volatile pid_t*)tid = gettid();
  syscall(SYS_mount, "fatal", "/thread", "none", 0, NULL);
  return NULL;
}

static int filtered(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 5, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_umount2, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 0, 3),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) {
    return 1;
  }
  if (syscall(SYS_mkdir, "/denied", 0700) == 0 || errno != EXDEV ||
      syscall(SYS_getpriority, 0, 0) >= 0 || unshare(CLONE_NEWUTS) != 0) {
    return 2;
  }
  int status = 0;
  const pid_t child = fork();
  if (child == 0) {
    syscall(SYS_umount2, "/fatal", 0);
    _exit(1);
  }
  if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
    return 3;
  }
  // The thread's end is not one that pthread_join() would see.
  pthread_t thread;
  volatile pid_t tid = 0;
  if (pthread_create(&thread, NULL, kills_its_thread, (void*)&tid) != 0) {
    return 4;
  }
  while (tid == 0 || syscall(SYS_tgkill, getpid(), tid, 0) == 0) {
    usleep(1000);
  }
  return chdir("/") == 0 ? 7 : 5;
}

static int run(const char* name) {
  return strcmp(name, "opens") == 0 ? opens() : strcmp(name, "filtered") == 0 ? filtered() : work();
}

int main(int argc, char** argv) {
  if (argc > 2) {
    _exit(run(argv[1]));
  }
  signal(SIGTERM, on_end);
  while (!g_stop) {
    const pid_t child = fork();
    if (child == 0) {
      execl("/proc/self/exe", argv[0], argc > 1 ? argv[1] : "work", "now", NULL);
      _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 7) {
      return 1;
    }
    usleep(10000);
  }
  return 0;
}
