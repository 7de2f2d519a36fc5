#include "tracer/ptrace/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "tracer/base/check.h"
#include "tracer/base/procfs_text.h"
#include "tracer/base/text.h"
#include "tracer/os/file.h"
#include "tracer/ptrace/call_filter.h"

namespace boxtrace::ptrace {
namespace {

constexpr std::string_view kDefaultPath = "/bin:/usr/bin";  // confstr(3), _CS_PATH
constexpr int kExitNotFound = 127;

std::optional<std::string_view> variable(const std::vector<std::string>& environment,
                                         std::string_view name) {
  for (const std::string& entry : environment) {
    if (entry.size() > name.size() && entry[name.size()] == '=' &&
        std::string_view{entry}.substr(0, name.size()) == name) {
      return std::string_view{entry}.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

// 0, or why this file cannot be the program.
int refusal(const std::string& path) {
  struct stat attributes {};
  if (::stat(path.c_str(), &attributes) != 0) {
    return errno;
  }
  if (!S_ISREG(attributes.st_mode)) {
    return EACCES;
  }
  return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

base::Error not_executable(const std::string& name, int err) {
  if (err == ENOENT || err == ENOTDIR) {
    return base::Error{ENOENT, fmt::format("cannot run {}", base::quote(name)),
                       "no such command; is the name spelled right, and in PATH?"};
  }
  return base::Error{err, fmt::format("cannot run {}", base::quote(name)), {}};
}

std::vector<char*> as_argv(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& string : strings) {
    pointers.push_back(string.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

// Runs in the child, between fork and exec: nothing here allocates.
[[noreturn]] void become_command(int gate, const char* program, char* const* argv,
                                 char* const* envp, const struct sigaction& old_sigchld,
                                 std::span<const sock_filter> filter, int process_group) {
  if (process_group != 0) {
    ::setpgid(0, process_group);
  }
  ::sigaction(SIGCHLD, &old_sigchld, nullptr);
  char go = 0;
  ssize_t got = 0;
  do {
    got = ::read(gate, &go, 1);
  } while (got < 0 && errno == EINTR);
  if (got == 1 && !filter.empty()) {
    if (const int err = install_call_filter(filter); err != 0) {
      ::_exit(err);  // an end without an execve: the engine takes the code for the reason
    }
  }
  if (got == 1) {
    ::execve(program, argv, envp);
  }
  // The engine saw why the execve failed.
  ::_exit(kExitNotFound);
}

base::Error seize_error(int err, pid_t pid) {
  const auto status = os::read_file(fmt::format("/proc/{}/status", pid));
  const auto tracer =
      status.ok() ? base::parse_status_field(status.value(), "TracerPid") : std::nullopt;
  if (err == EPERM && tracer && *tracer != "0") {
    return base::Error{
        err, fmt::format("cannot trace the command: process {} traces all that we start", *tracer),
        "a process has one tracer at a time: run boxtrace outside, or have that one not follow "
        "forks; another boxtrace gives way with --calls=every"};
  }
  return base::Error{err, "cannot trace the command: ptrace(PTRACE_SEIZE)",
                     err == EPERM ? "ptrace(2) is refused here: look for a seccomp filter around "
                                    "us, a missing CAP_SYS_PTRACE, or "
                                    "/proc/sys/kernel/yama/ptrace_scope at 3"
                                  : ""};
}

}  // namespace

unsigned long trace_options(bool filtered) {
  return (filtered ? PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL : 0UL) | PTRACE_O_TRACESYSGOOD |
         PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
         PTRACE_O_TRACEEXIT;
}

base::Result<std::string> find_program(const std::string& name,
                                       const std::vector<std::string>& environment) {
  if (name.find('/') != std::string::npos) {
    const int err = refusal(name);
    return err == 0 ? base::Result{name} : not_executable(name, err);
  }
  int worst = ENOENT;
  const std::string_view path = variable(environment, "PATH").value_or(kDefaultPath);
  for (const std::string_view directory :
       name.empty() ? std::vector<std::string_view>{} : base::split(path, ':')) {
    // An empty element of PATH is the working directory.
    const std::string candidate =
        directory.empty() ? "./" + name : fmt::format("{}/{}", directory, name);
    const int err = refusal(candidate);
    if (err == 0) {
      return candidate;
    }
    if (err == EACCES) {
      worst = EACCES;
    }
  }
  return not_executable(name, worst);
}

std::vector<std::string> changed_environment(std::vector<std::string> environment,
                                             const std::vector<EnvironmentChange>& changes) {
  for (const EnvironmentChange& change : changes) {
    const std::string prefix = change.name + "=";
    environment.erase(std::remove_if(environment.begin(), environment.end(),
                                     [&prefix](const std::string& entry) {
                                       return entry.compare(0, prefix.size(), prefix) == 0;
                                     }),
                      environment.end());
    if (change.value) {
      environment.push_back(prefix + *change.value);
    }
  }
  return environment;
}

base::Result<LaunchedCommand> LaunchedCommand::start(const LaunchOptions& options,
                                                     std::span<const sock_filter> filter) {
  if (options.command.empty()) {
    return base::Error{EINVAL, "no command to run", {}};
  }
  std::vector<std::string> environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    environment.emplace_back(*entry);
  }
  environment = changed_environment(std::move(environment), options.environment);
  TRY(const std::string program, find_program(options.command.front(), environment));
  std::vector<std::string> command = options.command;
  const std::vector<char*> argv = as_argv(command);
  const std::vector<char*> envp = as_argv(environment);

  // With SIGCHLD ignored, as a careless parent may have left it, the kernel would reap our tracees
  // behind our back.
  struct sigaction default_action {};
  default_action.sa_handler = SIG_DFL;
  struct sigaction old_sigchld {};
  ::sigaction(SIGCHLD, &default_action, &old_sigchld);

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return os::errno_error("pipe2()");
  }
  os::UniqueFd gate_reader{ends[0]};
  os::UniqueFd gate{ends[1]};
  const pid_t pid = ::fork();
  if (pid < 0) {
    return os::errno_error("fork()");
  }
  if (pid == 0) {
    ::close(gate.get());  // else the child would never see the tracer's death in the pipe
    become_command(gate_reader.get(), program.c_str(), argv.data(), envp.data(), old_sigchld,
                   filter, options.process_group);
  }
  if (options.gives_up_streams) {
    os::give_up({STDIN_FILENO, STDOUT_FILENO});
  }
  if (::ptrace(PTRACE_SEIZE, pid, nullptr,
               trace_options(!filter.empty()) |
                   (options.kill_on_exit ? static_cast<unsigned long>(PTRACE_O_EXITKILL) : 0UL)) !=
          0 ||
      ::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr) != 0) {
    base::Error error = seize_error(errno, pid);
    gate.reset();
    ::waitpid(pid, nullptr, 0);
    return error;
  }
  return LaunchedCommand{base::HostTid{pid}, std::move(gate), std::move(gate_reader)};
}

void LaunchedCommand::proceed() {
  const auto written = os::write_all(gate_, "g");
  BT_CHECK(written.ok(), "one byte did not fit into an empty pipe");
  gate_.reset();
}

}  // namespace boxtrace::ptrace
