#pragma once
// What every applet of the toolbox shares: its row in the table, and how it reports a failure.
//
// The toolbox is C in C++ clothes: stdio and fixed buffers, no iostream, no exceptions, no name
// service. A static binary that needs none of them stays small, starts with a dozen system calls
// (so a trace of it is short), and runs in a root file system that holds nothing else.

#include <cstddef>

namespace boxrun::toolbox {

/// One command. `run` gets argv with its own name at index 0 and returns the exit status.
struct Applet {
  const char* name;
  const char* usage;  ///< what follows the name, for the help text
  int (*run)(int argc, char** argv);
};

/// Prints `applet: what: Operation not permitted (EPERM)` for the present errno. Returns 1, the
/// exit status that belongs to it.
int fail(const char* applet, const char* what);

/// Prints `usage: applet ...`. Returns 2.
int fail_usage(const char* applet, const char* usage);

/// Reads the decimal number that `text` is, all of it. False on anything else.
bool parse_number(const char* text, long* number);

/// Reads at most `capacity` - 1 bytes of a file and ends them with a zero byte. Made for the text
/// files of /proc. Returns the length, or -1 with errno set.
long read_text(const char* path, char* buffer, std::size_t capacity);

/// Finds the line `key:` in the text of /proc/PID/status and copies its value without leading
/// blanks. False when there is no such line.
bool find_status_field(const char* status, const char* key, char* value, std::size_t capacity);

// words.cc: arguments and the names of the machine.
int run_echo(int argc, char** argv);
int run_env(int argc, char** argv);
int run_false(int argc, char** argv);
int run_hostname(int argc, char** argv);
int run_pwd(int argc, char** argv);
int run_true(int argc, char** argv);
int run_uname(int argc, char** argv);

// files.cc: one system call of the file family each.
int run_cat(int argc, char** argv);
int run_chmod(int argc, char** argv);
int run_ln(int argc, char** argv);
int run_ls(int argc, char** argv);
int run_mkdir(int argc, char** argv);
int run_stat(int argc, char** argv);
int run_touch(int argc, char** argv);
int run_write(int argc, char** argv);

// processes.cc: living, waiting, dying.
int run_hog(int argc, char** argv);
int run_kill(int argc, char** argv);
int run_pause(int argc, char** argv);
int run_ps(int argc, char** argv);
int run_sleep(int argc, char** argv);

// identity.cc: who the kernel thinks we are.
int run_caps(int argc, char** argv);
int run_id(int argc, char** argv);

// kernel_view.cc: what a container looks like from inside.
int run_fds(int argc, char** argv);
int run_mount(int argc, char** argv);
int run_ns(int argc, char** argv);

}  // namespace boxrun::toolbox
