// Why criu failed: it says so in its log, of thousands of lines, and answers "failed".

#include <array>

#include "runtime/criu/service.h"

namespace boxrun::criu {
namespace {

struct Known {
  std::string_view says;  ///< a part of criu's error
  std::string_view hint;
};
constexpr std::array<Known, 13> kKnown = {{
    {"Unexpected rt vDSO area bounds",
     "this criu is older than the kernel, whose vDSO it does not know: since Linux 6.13 it takes "
     "criu 4.1"},
    {"Can't lookup mount=",
     "a file of the host is open in the container; standard streams may be pipes, files and "
     "/dev/null"},
    {"has bad size",
     "a file that was a standard stream has to be the same one again, of the same length: append "
     "to it, and have nothing else write there"},
    {"Can't restore file pos: Illegal seek",
     "a standard stream that was a file has to be that file again, not a pipe"},
    {"img: Permission denied",
     "in a user namespace criu reads images as its root: the way to their folder has to be open "
     "for others (chmod o+x)"},
    {"Found dangling tty", "the container's terminal belongs to somebody outside: --shell-job"},
    {"tcp connection", "open TCP connections are saved with --tcp-established only"},
    {"Connected TCP socket", "open TCP connections are saved with --tcp-established only"},
    {"Can't dump half of stream unix connection",
     "the other end of a Unix socket is outside: --ext-unix-sk allows that"},
    {"External socket is used", "--ext-unix-sk allows that"},
    {"Some file locks are hold by dumping tasks", "locks are saved with --file-locks only"},
    {"File exists",
     "a process of the container has a pid that is taken; a pid namespace of its own avoids that"},
    {"Dirty tracking", "pre-dumps need a kernel with CONFIG_MEM_SOFT_DIRTY"},
}};

constexpr std::string_view kMark = "Error (";

/// criu goes on without these.
bool is_harmless(std::string_view line) {
  return line.find("Can't setup RLIMIT_NOFILE for self") != std::string_view::npos ||
         line.find("Unable to create tun") != std::string_view::npos;
}

/// The last lines of a cascade only say that all is lost.
bool is_summary(std::string_view line) {
  for (const std::string_view text :
       {"Dumping FAILED", "Restoring FAILED", "Pre-dumping FAILED", "failed with -1",
        "Could not initialize kernel features detection"}) {
    if (line.find(text) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

/// The first error of a cascade is the cause, as those that follow report what it has led to.
std::string first_error(std::string_view log) {
  std::string first;
  std::string summary;
  for (const std::string_view line : base::split(log, '\n')) {
    const auto start = line.find(kMark);
    if (start == std::string_view::npos || is_harmless(line)) {
      continue;
    }
    // `(00.1234)  123: Error (criu/mount.c:12): mnt: text`
    const auto text = line.find("): ", start);
    std::string& place = is_summary(line) ? summary : first;
    if (place.empty() && text != std::string_view::npos) {
      place = base::printable(line.substr(text + 3));
    }
  }
  return first.empty() ? summary : first;
}

std::string hint_for(std::string_view error) {
  for (const Known& known : kKnown) {
    if (error.find(known.says) != std::string_view::npos) {
      return std::string{known.hint};
    }
  }
  return {};
}

}  // namespace boxrun::criu
