#include "runtime/commands/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "runtime/exec/signals.h"
#include "tracer/os/argv.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{10'000};

Result<std::string> find_recorder(std::string_view own_name) {
  std::vector<std::string> folders;
  if (const auto slash = own_name.rfind('/'); slash != std::string_view::npos) {
    folders.emplace_back(own_name.substr(0, slash));
  }
  if (const char* path = ::getenv("PATH")) {
    for (const std::string_view folder : base::split(path, ':')) {
      folders.emplace_back(folder);
    }
  }
  for (const std::string& folder : folders) {
    std::string candidate = fmt::format("{}/boxtrace", folder.empty() ? "." : folder);
    if (::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return Error{0, "--trace: boxtrace is neither beside boxrun nor in PATH",
               "install it, or leave out --trace: --debug and --dry-run need nothing else"};
}

/// In the recorder's process, which is nobody's child: a tracer cannot attach to one that has
/// started it, lest it print its own work. It keeps nothing of the caller's: whoever waits for the
/// end of our standard streams must not wait for it.
[[noreturn]] void become_recorder(const std::vector<char*>& args, os::BorrowedFd messages) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(messages.get(), STDERR_FILENO);
  ::close_range(3, ~0U, 0);
  ::setsid();
  exec::reset_signals();
  ::execv(args[0], args.data());
  ::_exit(127);
}

/// Who traces us, 0 for nobody. With boxtrace that is a process of its own.
std::uint64_t read_tracer() {
  constexpr std::string_view kField = "\nTracerPid:\t";
  const auto status = os::read_file("/proc/self/status");
  const auto at = status.ok() ? status.value().find(kField) : std::string::npos;
  if (at == std::string::npos) {
    return 0;
  }
  const std::string_view rest = std::string_view{status.value()}.substr(at + kField.size());
  return base::parse_u64(rest.substr(0, rest.find('\n'))).value_or(0);
}

/// What the recorder has written to the file of its standard error, without its name before it.
std::string read_message(os::BorrowedFd messages) {
  ::lseek(messages.get(), 0, SEEK_SET);
  const auto text = os::read_all(messages);
  return text.ok() ? std::string{base::trim(text.value())} : std::string{};
}

/// Its pid goes into `answer`, a pipe.
[[noreturn]] void start_orphan(const std::vector<char*>& args, os::BorrowedFd messages,
                               int answer) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    become_recorder(args, messages);
  }
  ::_exit(pid > 0 && ::write(answer, &pid, sizeof pid) == sizeof pid ? 0 : 1);
}

Result<pid_t> start_recorder(const std::vector<char*>& args, os::BorrowedFd messages) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return os::errno_error("pipe2()");
  }
  const os::UniqueFd from{ends[0]};
  os::UniqueFd answer{ends[1]};
  const pid_t between = ::fork();
  if (between == 0) {
    start_orphan(args, messages, answer.get());
  }
  answer.reset();
  pid_t recorder = 0;
  const bool told =
      between > 0 && ::read(from.get(), &recorder, sizeof recorder) == sizeof recorder;
  const int err = errno;
  if (between > 0) {
    ::waitpid(between, nullptr, 0);
  }
  return told ? Result<pid_t>{recorder} : Error{err, "--trace: fork()", {}};
}

Result<void> await_recorder(pid_t recorder, std::uint64_t tracer_before, os::BorrowedFd messages) {
  constexpr milliseconds kPause{2};
  for (milliseconds waited{0}; waited < kPatience; waited += kPause) {
    if (const auto tracer = read_tracer(); tracer != 0 && tracer != tracer_before) {
      return {};
    }
    if (::kill(recorder, 0) != 0) {
      const std::string message = read_message(messages);
      return Error{
          0, "--trace: " + (message.empty() ? "boxtrace cannot be executed" : message), {}};
    }
    std::this_thread::sleep_for(kPause);
  }
  ::kill(recorder, SIGKILL);
  return Error{0, "--trace: boxtrace has not attached within ten seconds", {}};
}

}  // namespace

Result<void> record_self(std::string file, std::string_view own_name) {
  TRY(const std::string recorder, find_recorder(own_name));
  const std::string self = std::to_string(::getpid());
  for (auto at = file.find("%p"); at != std::string::npos; at = file.find("%p", at)) {
    file.replace(at, 2, self);
  }
  const os::UniqueFd messages{::memfd_create("boxtrace messages", MFD_CLOEXEC)};
  if (!messages) {
    return os::errno_error("memfd_create(\"boxtrace messages\")");
  }
  const std::vector<std::string> words = {recorder, "record", "-o", file, "--full",
                                          "-b",     "execve", "-p", self};
  const std::uint64_t tracer_before = read_tracer();
  TRY(const pid_t pid, start_recorder(os::make_argv(words), messages));
  return await_recorder(pid, tracer_before, messages);
}

}  // namespace boxrun::commands
