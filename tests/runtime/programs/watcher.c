/* The hostile container of CVE-2016-9962: as its first process, looks at whoever appears beside it
 * and tries to get at the host through it. What it could open it writes to /seen/verdict: the
 * program of such a process, unless it is of this image, and directories that it holds open. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int out;

static void say(const char* what, const char* pid) {
  char line[64];
  const int size = snprintf(line, sizeof line, "%s of %s\n", what, pid);
  if (write(out, line, (size_t)size) < 0) {
    _exit(1);
  }
}

/* Is it a file of another filesystem tree than our own program? */
static void try_program(const char* pid) {
  char path[64];
  struct stat own;
  struct stat its;
  struct stat tools;
  snprintf(path, sizeof path, "/proc/%s/exe", pid);
  if (stat(path, &its) == 0 && stat("/proc/self/exe", &own) == 0 &&
      stat("/bin/busybox", &tools) == 0 && its.st_ino != own.st_ino && its.st_ino != tools.st_ino) {
    say("program", pid);
  }
}

static void try_descriptors(const char* pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/fd", pid);
  DIR* const list = opendir(path);
  if (list == NULL) {
    return;
  }
  for (const struct dirent* entry = readdir(list); entry != NULL; entry = readdir(list)) {
    struct stat seen;
    if (entry->d_name[0] != '.' && fstatat(dirfd(list), entry->d_name, &seen, 0) == 0 &&
        S_ISDIR(seen.st_mode)) {
      say("directory", pid);
    }
  }
  closedir(list);
}

int main(void) {
  out = open("/seen/verdict", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (out < 0) {
    return 1;
  }
  for (;;) {
    DIR* const processes = opendir("/proc");
    if (processes == NULL) {
      return 1;
    }
    for (const struct dirent* entry = readdir(processes); entry != NULL;
         entry = readdir(processes)) {
      if (isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, "1") != 0) {
        try_program(entry->d_name);
        try_descriptors(entry->d_name);
      }
    }
    closedir(processes);
  }
}
