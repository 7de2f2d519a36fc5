// Like dockerd: a thread of it makes a network namespace, steps into it and back again and again,
// and mounts and unmounts a tmpfs, in a mount namespace of the program's own. Each time it forks a
// child that exits with 3. Ends with 0 on SIGTERM, or with 1 when it lacks the rights.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t g_stop;

static void* work(void* unused) {
  (void)unused;
  const int host = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (unshare(CLONE_NEWNET) != 0) {
    _exit(1);
  }
  const int other = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  setns(host, CLONE_NEWNET);
  while (!g_stop) {
    usleep(5000);
    setns(other, CLONE_NEWNET);
    usleep(5000);
    setns(host, CLONE_NEWNET);
    mount("boxtrace-test", "/mnt", "tmpfs", MS_NOSUID, "size=64k");
    umount2("/mnt", MNT_DETACH);
    if (fork() == 0) {
      _exit(3);
    }
    wait(NULL);
  }
  return NULL;
}

int main(void) {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
    return 1;
  }
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, NULL);
  pthread_t worker;
  pthread_create(&worker, NULL, work, NULL);
  int signal = 0;
  sigwait(&end, &signal);
  g_stop = 1;
  pthread_join(worker, NULL);
  return 0;
}
