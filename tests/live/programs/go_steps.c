// Passes for a program of Go, by the note that its linker leaves. Without arguments a daemon that runs
// itself with "work", again and again, until SIGTERM; ends with 0 if each of these has ended with 7.
//
// "work" makes a few calls that matter to a container, one of them while it blocks all signals, one
// that fails, and a child that a tracer is not to see. It ends with another status than 7 if it was sent
// a signal, or finds one waiting.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
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

int main(int argc, char** argv) {
  if (argc > 1) {
    return work();
  }
  signal(SIGTERM, on_end);
  while (!g_stop) {
    const pid_t child = fork();
    if (child == 0) {
      execl("/proc/self/exe", argv[0], "work", NULL);
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
