// boxrun-toolbox: one program, many names. `argv[0]` picks the applet (through symbolic links in
// /bin of a bundle), else the first argument does.

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "runtime/toolbox/applet.h"

namespace {

using boxrun::toolbox::Applet;

// Sorted by name: this order is what --list prints.
constexpr Applet kApplets[] = {
    {"caps", "", boxrun::toolbox::run_caps},
    {"cat", "[FILE]...", boxrun::toolbox::run_cat},
    {"chmod", "[--via=chmod|fchmodat|fchmodat2] OCTAL_MODE FILE...", boxrun::toolbox::run_chmod},
    {"echo", "[-n] [WORD]...", boxrun::toolbox::run_echo},
    {"env", "", boxrun::toolbox::run_env},
    {"false", "", boxrun::toolbox::run_false},
    {"fds", "", boxrun::toolbox::run_fds},
    {"hog", "SIZE[K|M|G]", boxrun::toolbox::run_hog},
    {"hostname", "[NAME]", boxrun::toolbox::run_hostname},
    {"id", "[-u|-g]", boxrun::toolbox::run_id},
    {"kill", "[-SIGNAL] PID...", boxrun::toolbox::run_kill},
    {"ln", "[-s] TARGET LINK", boxrun::toolbox::run_ln},
    {"ls", "[-a] [-l] [PATH]...", boxrun::toolbox::run_ls},
    {"mkdir", "DIRECTORY...", boxrun::toolbox::run_mkdir},
    {"mount", "", boxrun::toolbox::run_mount},
    {"ns", "", boxrun::toolbox::run_ns},
    {"pause", "", boxrun::toolbox::run_pause},
    {"ps", "", boxrun::toolbox::run_ps},
    {"pwd", "", boxrun::toolbox::run_pwd},
    {"sleep", "SECONDS", boxrun::toolbox::run_sleep},
    {"stat", "PATH...", boxrun::toolbox::run_stat},
    {"touch", "FILE...", boxrun::toolbox::run_touch},
    {"true", "", boxrun::toolbox::run_true},
    {"uname", "[-a|-s|-n|-r|-m]", boxrun::toolbox::run_uname},
    {"write", "[-a] FILE TEXT", boxrun::toolbox::run_write},
};

const Applet* find_applet(const char* word) {
  const char* slash = std::strrchr(word, '/');
  const char* name = slash == nullptr ? word : slash + 1;
  for (const Applet& applet : kApplets) {
    if (std::strcmp(applet.name, name) == 0) {
      return &applet;
    }
  }
  return nullptr;
}

void print_names() {
  for (const Applet& applet : kApplets) {
    std::puts(applet.name);
  }
}

void print_help() {
  std::puts("usage: boxrun-toolbox APPLET [ARGUMENT]...   (or call it by the applet's name)");
  std::puts("       boxrun-toolbox --list");
  std::puts("applets:");
  for (const Applet& applet : kApplets) {
    std::printf("  %s %s\n", applet.name, applet.usage);
  }
}

// Output that could not be written is a failure, even when the applet itself was content.
int flushed(int status) {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return boxrun::toolbox::fail("boxrun-toolbox", "write to standard output");
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 1) {
    return 127;
  }
  if (const Applet* applet = find_applet(argv[0])) {
    return flushed(applet->run(argc, argv));
  }
  if (argc < 2 || std::strcmp(argv[1], "--help") == 0) {
    print_help();
    return flushed(argc < 2 ? 2 : 0);
  }
  if (std::strcmp(argv[1], "--list") == 0) {
    print_names();
    return flushed(0);
  }
  if (const Applet* applet = find_applet(argv[1])) {
    return flushed(applet->run(argc - 1, argv + 1));
  }
  std::fprintf(stderr, "boxrun-toolbox: no applet '%s'; --list names them all\n", argv[1]);
  return 127;
}
