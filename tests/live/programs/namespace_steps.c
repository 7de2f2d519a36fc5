// Changes its namespaces step by step and prints, after each step, what /proc says of them: one
// line a step, `STEP kind=inode ...`, the kinds in the order of links_ below, 0 for a link that
// does not exist. An independent witness for what a tracer claims. Needs CAP_SYS_ADMIN.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char* const kLinks[] = {"mnt",
                                     "uts",
                                     "ipc",
                                     "pid",
                                     "net",
                                     "cgroup",
                                     "user",
                                     "time",
                                     "pid_for_children",
                                     "time_for_children"};

static void say(const char* step) {
  printf("%s", step);
  for (unsigned i = 0; i < sizeof(kLinks) / sizeof(kLinks[0]); ++i) {
    char path[64];
    char target[64] = "";
    snprintf(path, sizeof(path), "/proc/self/ns/%s", kLinks[i]);
    const ssize_t size = readlink(path, target, sizeof(target) - 1);
    const char* inode = size > 0 ? strchr(target, '[') : NULL;
    printf(" %s=%s", kLinks[i], inode != NULL ? strtok((char*)inode + 1, "]") : "0");
  }
  printf("\n");
  fflush(stdout);
}

static void step_unshare(const char* name, int flag) {
  if (unshare(flag) != 0) {
    perror(name);
    exit(77);
  }
  say(name);
}

int main(void) {
  const int old_net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  const int old_uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
  step_unshare("unshare:mnt", CLONE_NEWNS);
  step_unshare("unshare:uts+ipc", CLONE_NEWUTS | CLONE_NEWIPC);
  step_unshare("unshare:net", CLONE_NEWNET);
  step_unshare("unshare:cgroup", CLONE_NEWCGROUP);
  step_unshare("unshare:time", 0x80);  // CLONE_NEWTIME
  step_unshare("unshare:pid", CLONE_NEWPID);
  if (setns(old_net, CLONE_NEWNET) != 0) {
    return 77;
  }
  say("setns:net");
  if (setns(old_uts, 0) != 0) {
    return 77;
  }
  say("setns:any");
  const pid_t child = fork();
  if (child == 0) {
    say("start:child");
    step_unshare("unshare:user", CLONE_NEWUSER);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  // Only now, with an init in it, has the new pid namespace become visible.
  step_unshare("unshare:nothing", CLONE_FS);
  return WEXITSTATUS(status);
}
