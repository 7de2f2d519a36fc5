// Applets that live, wait, signal and eat.
//
// Two facts of pid namespaces show here. A process that is pid 1 of its namespace receives only the
// signals it has a handler for, so `sleep` as pid 1 shrugs off SIGTERM, and that is left as it is:
// it is what every program in a container meets. `pause` is the other kind of pid 1: it handles
// SIGTERM and SIGINT and reaps the orphans that the kernel gives it.
//
// Sources: pid_namespaces(7) "The namespace init process"; proc_pid_status(5) "NSpid".

#include <dirent.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "runtime/toolbox/applet.h"

namespace boxrun::toolbox {
namespace {

constexpr std::size_t kMebibyte = 1024UL * 1024UL;
constexpr std::size_t kHogStep = 10 * kMebibyte;

bool parse_size(const char* text, std::size_t* bytes) {
  char* end = nullptr;
  errno = 0;
  const unsigned long long number = std::strtoull(text, &end, 10);
  if (errno != 0 || end == text || *text == '-') {
    return false;
  }
  unsigned shift = 0;
  switch (*end) {
    case 'G':
      shift = 30;
      break;
    case 'M':
      shift = 20;
      break;
    case 'K':
      shift = 10;
      break;
    case '\0':
      break;
    default:
      return false;
  }
  if ((shift != 0 && end[1] != '\0') || number > (ULLONG_MAX >> shift)) {
    return false;
  }
  *bytes = static_cast<std::size_t>(number << shift);
  return true;
}

// The signal that `-9`, `-KILL` or `-SIGKILL` names; -1 for none. Signal 0 only probes.
int parse_signal(const char* word) {
  long number = 0;
  if (parse_number(word, &number)) {
    return number >= 0 && number < NSIG ? static_cast<int>(number) : -1;
  }
  const char* name = std::strncmp(word, "SIG", 3) == 0 ? word + 3 : word;
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* known = sigabbrev_np(signal);
    if (known != nullptr && std::strcmp(known, name) == 0) {
      return signal;
    }
  }
  return -1;
}

// A row of ps. `nspid` holds one number per pid namespace, from the one of this /proc down to the
// process's own.
struct ProcessLine {
  char nspid[128];
  char ppid[16];
  char uid[16];
  char state[32];
  char command[256];
};

// False when the process is gone, which is no failure: it ended while we looked.
bool read_process(const char* pid, ProcessLine* line) {
  char path[64];
  char text[8192];
  std::snprintf(path, sizeof path, "/proc/%.20s/status", pid);
  if (read_text(path, text, sizeof text) < 0) {
    return false;
  }
  char uids[64];
  if (!find_status_field(text, "PPid", line->ppid, sizeof line->ppid) ||
      !find_status_field(text, "State", line->state, sizeof line->state) ||
      !find_status_field(text, "Uid", uids, sizeof uids)) {
    return false;
  }
  std::snprintf(line->uid, sizeof line->uid, "%.*s", static_cast<int>(std::strcspn(uids, "\t")),
                uids);
  if (!find_status_field(text, "NSpid", line->nspid, sizeof line->nspid)) {
    std::snprintf(line->nspid, sizeof line->nspid, "-");
  }
  for (char* c = line->nspid; *c != '\0'; ++c) {
    *c = *c == '\t' ? ' ' : *c;
  }
  std::snprintf(path, sizeof path, "/proc/%.20s/cmdline", pid);
  const long length = read_text(path, line->command, sizeof line->command);
  for (long i = 0; i + 1 < length; ++i) {
    line->command[i] = line->command[i] == '\0' ? ' ' : line->command[i];
  }
  if (length <= 0) {  // a kernel thread or a zombie: only its name is left
    char name[64];
    if (find_status_field(text, "Name", name, sizeof name)) {
      std::snprintf(line->command, sizeof line->command, "[%s]", name);
    }
  }
  return true;
}

int is_pid(const dirent* entry) { return std::isdigit(static_cast<unsigned char>(*entry->d_name)); }

volatile std::sig_atomic_t stop_requested = 0;
void request_stop(int /*signal*/) { stop_requested = 1; }
void note_child(int /*signal*/) {}

}  // namespace

int run_hog(int argc, char** argv) {
  std::size_t wanted = 0;
  if (argc != 2 || !parse_size(argv[1], &wanted)) {
    return fail_usage("hog", "SIZE[K|M|G]");
  }
  for (std::size_t held = 0; held < wanted;) {
    const std::size_t step = wanted - held < kHogStep ? wanted - held : kHogStep;
    void* piece = mmap(nullptr, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (piece == MAP_FAILED) {
      return fail("hog", "mmap");
    }
    std::memset(piece, 0x5a, step);  // memory counts only once it is touched
    held += step;
    std::printf("touched %zu MiB\n", held / kMebibyte);
    std::fflush(stdout);  // the next step may be the one that kills us
  }
  return 0;
}

int run_kill(int argc, char** argv) {
  int signal = SIGTERM;
  int first = 1;
  if (argc > 1 && argv[1][0] == '-') {
    signal = parse_signal(argv[1] + 1);
    first = 2;
  }
  if (signal < 0 || argc <= first) {
    return fail_usage("kill", "[-SIGNAL] PID...");
  }
  int status = 0;
  for (int i = first; i < argc; ++i) {
    long pid = 0;
    if (!parse_number(argv[i], &pid) || pid < INT_MIN || pid > INT_MAX) {
      return fail_usage("kill", "[-SIGNAL] PID...");
    }
    if (kill(static_cast<pid_t>(pid), signal) != 0) {
      status = fail("kill", argv[i]);
    }
  }
  return status;
}

int run_pause(int /*argc*/, char** /*argv*/) {
  // Blocked outside sigsuspend, so that no signal slips in between the check and the wait.
  sigset_t waited;
  sigset_t before;
  sigemptyset(&waited);
  sigaddset(&waited, SIGTERM);
  sigaddset(&waited, SIGINT);
  sigaddset(&waited, SIGCHLD);
  sigprocmask(SIG_BLOCK, &waited, &before);
  struct sigaction action {};
  action.sa_handler = request_stop;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  action.sa_handler = note_child;
  sigaction(SIGCHLD, &action, nullptr);
  sigdelset(&before, SIGTERM);
  sigdelset(&before, SIGINT);
  sigdelset(&before, SIGCHLD);
  while (stop_requested == 0) {
    sigsuspend(&before);
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
  return 0;
}

int run_ps(int /*argc*/, char** /*argv*/) {
  dirent** entries = nullptr;
  const int count = scandir("/proc", &entries, is_pid, versionsort);
  if (count < 0) {
    return fail("ps", "/proc");
  }
  if (count == 0) {
    std::fputs("ps: nothing below /proc: is a proc file system mounted there?\n", stderr);
  }
  std::printf("%7s %-15s %7s %6s %-5s %s\n", "PID", "NSPID", "PPID", "UID", "STATE", "COMMAND");
  for (int i = 0; i < count; ++i) {
    ProcessLine line{};
    if (read_process(entries[i]->d_name, &line)) {
      std::printf("%7s %-15s %7s %6s %-5.1s %s\n", entries[i]->d_name, line.nspid, line.ppid,
                  line.uid, line.state, line.command);
    }
    std::free(entries[i]);
  }
  std::free(entries);
  return count > 0 ? 0 : 1;
}

int run_sleep(int argc, char** argv) {
  char* end = nullptr;
  const double seconds = argc == 2 ? std::strtod(argv[1], &end) : 0;
  // The largest time_t that a double holds exactly is far beyond any use; this bound keeps the
  // conversion defined.
  if (argc != 2 || end == argv[1] || *end != '\0' || !(seconds >= 0 && seconds < 1e15)) {
    return fail_usage("sleep", "SECONDS");
  }
  timespec left{};
  left.tv_sec = static_cast<time_t>(seconds);
  left.tv_nsec = static_cast<long>((seconds - static_cast<double>(left.tv_sec)) * 1e9);
  while (nanosleep(&left, &left) != 0) {
    if (errno != EINTR) {
      return fail("sleep", argv[1]);
    }
  }
  return 0;
}

}  // namespace boxrun::toolbox
