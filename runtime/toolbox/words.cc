// Applets that print arguments, surroundings and names.

#include <sys/utsname.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstring>

#include "runtime/toolbox/applet.h"

namespace boxrun::toolbox {

int run_true(int /*argc*/, char** /*argv*/) { return 0; }

int run_false(int /*argc*/, char** /*argv*/) { return 1; }

int run_echo(int argc, char** argv) {
  const bool newline = argc < 2 || std::strcmp(argv[1], "-n") != 0;
  for (int i = newline ? 1 : 2; i < argc; ++i) {
    std::printf("%s%s", argv[i], i + 1 < argc ? " " : "");
  }
  if (newline) {
    std::putchar('\n');
  }
  return 0;
}

int run_env(int /*argc*/, char** /*argv*/) {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::puts(*entry);
  }
  return 0;
}

int run_pwd(int /*argc*/, char** /*argv*/) {
  char path[PATH_MAX];
  if (getcwd(path, sizeof path) == nullptr) {
    return fail("pwd", "getcwd");
  }
  std::puts(path);
  return 0;
}

int run_hostname(int argc, char** argv) {
  if (argc > 1) {
    return sethostname(argv[1], std::strlen(argv[1])) == 0 ? 0 : fail("hostname", argv[1]);
  }
  struct utsname names {};
  if (uname(&names) != 0) {
    return fail("hostname", "uname");
  }
  std::puts(names.nodename);
  return 0;
}

int run_uname(int argc, char** argv) {
  struct utsname names {};
  if (uname(&names) != 0) {
    return fail("uname", "uname");
  }
  const char* which = argc > 1 ? argv[1] : "-s";
  if (std::strcmp(which, "-a") == 0) {
    std::printf("%s %s %s %s %s\n", names.sysname, names.nodename, names.release, names.version,
                names.machine);
  } else if (std::strcmp(which, "-s") == 0) {
    std::puts(names.sysname);
  } else if (std::strcmp(which, "-n") == 0) {
    std::puts(names.nodename);
  } else if (std::strcmp(which, "-r") == 0) {
    std::puts(names.release);
  } else if (std::strcmp(which, "-m") == 0) {
    std::puts(names.machine);
  } else {
    return fail_usage("uname", "[-a|-s|-n|-r|-m]");
  }
  return 0;
}

}  // namespace boxrun::toolbox
