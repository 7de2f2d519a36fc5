// Applets that show what a container looks like from inside: its namespaces, its mounts, and the
// descriptors that it was born with. All of it is read from /proc and printed with little change,
// so that it can be compared with what is seen from outside.
//
// Sources: namespaces(7) "The /proc/pid/ns/ directory"; proc_pid_mountinfo(5); proc_pid_fd(5).

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runtime/toolbox/applet.h"

namespace boxrun::toolbox {
namespace {

// `shared:12 master:3` becomes `shared,slave`, nothing becomes `private`: the words of mount(2).
void render_propagation(const char* fields, char* text, std::size_t capacity) {
  text[0] = '\0';
  const auto add = [text, capacity](const char* word) {
    const std::size_t used = std::strlen(text);
    std::snprintf(text + used, capacity - used, "%s%s", used > 0 ? "," : "", word);
  };
  if (std::strstr(fields, "shared:") != nullptr) {
    add("shared");
  }
  if (std::strstr(fields, "master:") != nullptr) {
    add("slave");
  }
  if (std::strstr(fields, "unbindable") != nullptr) {
    add("unbindable");
  }
  if (text[0] == '\0') {
    add("private");
  }
}

// 36 35 98:0 /mnt1 /mnt/parent rw,noatime master:1 - ext3 /dev/root rw,errors=continue
void print_mount(char* line) {
  char* separator = std::strstr(line, " - ");
  if (separator == nullptr) {
    return;
  }
  *separator = '\0';
  char target[PATH_MAX];
  char options[512];
  int optional_fields = 0;
  char fstype[128];
  char source[PATH_MAX];
  if (std::sscanf(line, "%*s %*s %*s %*s %4095s %511s%n", target, options, &optional_fields) < 2 ||
      std::sscanf(separator + 3, "%127s %4095s", fstype, source) < 2) {
    return;
  }
  char propagation[64];
  render_propagation(line + optional_fields, propagation, sizeof propagation);
  std::printf("%s on %s type %s (%s) %s\n", source, target, fstype, options, propagation);
}

int is_visible(const dirent* entry) { return entry->d_name[0] != '.'; }

// Prints `name -> target` for each link of a directory below /proc, numbers in order.
int print_links(const char* applet, const char* directory, bool as_descriptors) {
  dirent** entries = nullptr;
  const int count = scandir(directory, &entries, is_visible, versionsort);
  if (count < 0) {
    return fail(applet, directory);
  }
  for (int i = 0; i < count; ++i) {
    char path[PATH_MAX];
    char target[PATH_MAX];
    std::snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
    const ssize_t length = readlink(path, target, sizeof target - 1);
    // The descriptor that scandir had open is listed but gone by now; it never was inherited.
    if (length >= 0) {
      target[length] = '\0';
      std::printf(as_descriptors ? "%3s -> %s\n" : "%-18s %s\n", entries[i]->d_name, target);
    } else if (!as_descriptors) {
      std::printf("%-18s -\n", entries[i]->d_name);  // pid_for_children without a child yet
    }
    std::free(entries[i]);
  }
  std::free(entries);
  return 0;
}

}  // namespace

int run_fds(int /*argc*/, char** /*argv*/) { return print_links("fds", "/proc/self/fd", true); }

int run_ns(int /*argc*/, char** /*argv*/) { return print_links("ns", "/proc/self/ns", false); }

int run_mount(int argc, char** /*argv*/) {
  if (argc > 1) {
    std::fputs("mount: this one only lists mounts\n", stderr);
    return 2;
  }
  std::FILE* table = std::fopen("/proc/self/mountinfo", "re");
  if (table == nullptr) {
    return fail("mount", "/proc/self/mountinfo");
  }
  char* line = nullptr;
  std::size_t capacity = 0;
  while (getline(&line, &capacity, table) > 0) {
    print_mount(line);
  }
  std::free(line);
  std::fclose(table);
  return 0;
}

}  // namespace boxrun::toolbox
