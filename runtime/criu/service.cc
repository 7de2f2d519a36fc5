#include "runtime/criu/service.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

#include "runtime/exec/fd_passing.h"
#include "runtime/exec/signals.h"
#include "tracer/os/file.h"

namespace boxrun::criu {
namespace {

constexpr const char* kInstall =
    "install criu (Debian: apt-get install criu), or name it: --criu PATH";

/// The number that says to boxrun why criu was not executed.
struct Failure {
  int err = 0;
  int stage = 0;
};
enum Stage : int { kMounts, kDescriptors, kExecute };

bool bind_root(const char* root) {
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) == 0 &&
         ::mount(root, root, nullptr, MS_BIND | MS_REC, nullptr) == 0;
}

/// `from` in their order become kFirstHandedOver - 1, ... In two rounds, since a number may be both
/// taken and wanted. @returns the lowest free number after them, or -1
int place_descriptors(const std::vector<int>& from) {
  std::array<int, 32> high{};
  if (from.size() > high.size()) {
    errno = EMFILE;
    return -1;
  }
  for (std::size_t i = 0; i < from.size(); ++i) {
    high[i] = ::fcntl(from[i], F_DUPFD_CLOEXEC, 64);
    if (high[i] < 0) {
      return -1;
    }
  }
  int next = kFirstHandedOver - 1;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (::dup2(high[i], next++) < 0) {
      return -1;
    }
  }
  return next;
}

[[noreturn]] void become_criu(const Setup& setup, const std::vector<int>& placed, int complaints,
                              int failure) {
  const auto fail = [&failure](Stage stage) {
    const Failure reason{errno, stage};
    static_cast<void>(!::write(failure, &reason, sizeof reason));
    ::_exit(127);
  };
  exec::reset_signals();
  if (!setup.root.empty() && !bind_root(setup.root.c_str())) {
    fail(kMounts);
  }
  failure = ::fcntl(failure, F_DUPFD_CLOEXEC, 128);
  const int next = place_descriptors(placed);
  if (failure < 0 || next < 0 || ::dup2(complaints, STDERR_FILENO) < 0) {
    fail(kDescriptors);
  }
  // All others go: criu would find them in itself, and in what it restores.
  ::close_range(static_cast<unsigned>(next), ~0U, CLOSE_RANGE_CLOEXEC);
  ::execlp(setup.program.c_str(), "criu", "swrk", "3", nullptr);
  fail(kExecute);
  ::_exit(127);
}

Error not_started(const Setup& setup, const Failure& reason) {
  if (reason.stage == kMounts) {
    return Error{reason.err, fmt::format("mount({}, MS_BIND) for criu", base::quote(setup.root)),
                 reason.err == EPERM ? "criu needs root: CAP_SYS_ADMIN" : ""};
  }
  if (reason.stage == kDescriptors) {
    return Error{reason.err, "dup2() for criu", {}};
  }
  return Error{reason.err, fmt::format("execve({})", base::quote(setup.program)),
               reason.err == ENOENT ? kInstall : ""};
}

}  // namespace

Result<Service> Service::start(const Setup& setup) {
  std::array<int, 2> ends{};
  std::array<int, 2> failure{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0 ||
      ::pipe2(failure.data(), O_CLOEXEC) != 0) {
    return os::errno_error("socketpair(AF_UNIX, SOCK_SEQPACKET)");
  }
  Service service;
  service.socket_ = os::UniqueFd{ends[0]};
  os::UniqueFd other{ends[1]};
  const os::UniqueFd failure_read{failure[0]};
  os::UniqueFd failure_write{failure[1]};
  service.complaints_ = os::UniqueFd{::memfd_create("criu", MFD_CLOEXEC)};
  std::vector<int> placed = setup.handed_over;
  placed.insert(placed.begin(), other.get());
  const pid_t pid = ::fork();
  if (pid < 0) {
    return os::errno_error("fork() for criu");
  }
  if (pid == 0) {
    become_criu(setup, placed, service.complaints_.get(), failure_write.get());
  }
  service.pid_ = pid;
  other.reset();
  failure_write.reset();
  Failure reason;
  if (::read(failure_read.get(), &reason, sizeof reason) == static_cast<ssize_t>(sizeof reason)) {
    return not_started(setup, reason);
  }
  return service;
}

Service::~Service() { end(); }

/// With its socket closed criu ends by itself, unless it hangs.
void Service::end() {
  socket_.reset();
  if (pid_ > 0) {
    for (int attempt = 0; attempt < 200; ++attempt) {
      const pid_t got = ::waitpid(pid_, nullptr, WNOHANG);
      if (got == pid_ || (got < 0 && errno != EINTR)) {
        pid_ = 0;
        return;
      }
      ::usleep(5'000);
    }
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }
}

/// criu says in its log what it does not say in its answer; before there is one, on its standard
/// error.
Error Service::explain(const Error& error, const std::string& log) {
  end();
  ::lseek(complaints_.get(), 0, SEEK_SET);
  for (const bool in_log : {true, false}) {
    const auto text = in_log ? os::read_file(log) : os::read_all(complaints_);
    const std::string said = text.ok() ? first_error(text.value()) : std::string{};
    if (!said.empty()) {
      std::string hint = hint_for(said);
      if (in_log) {
        hint += (hint.empty() ? "" : "; ") + ("the whole log is " + log);
      }
      return Error{0, "criu: " + said, hint};
    }
  }
  return error;
}

Result<Answer> Service::ask(const std::string& request, const Notified& notified,
                            const std::string& log) {
  const Error vanished{0, "criu has ended without an answer", {}};
  const auto send = [this](const std::string& bytes) {
    return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  };
  if (!send(request)) {
    return explain(vanished, log);
  }
  std::vector<char> buffer(std::size_t{1} << 16);
  std::optional<Error> refused;
  for (;;) {
    std::array<os::UniqueFd, 1> brought;
    const ssize_t got = exec::receive_with_descriptors(socket_, buffer, brought);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return refused ? *refused : explain(vanished, log);
    }
    TRY(Answer answer, parse_answer({buffer.data(), static_cast<std::size_t>(got)}));
    if (answer.type != static_cast<int>(RequestType::Notify)) {
      if (!answer.success || refused) {
        return refused ? *refused
                       : explain({answer.err, "criu failed: " + answer.message, {}}, log);
      }
      return answer;
    }
    if (notified && !refused) {
      auto done = notified(answer, brought[0]);
      if (!done.ok()) {
        refused = std::move(done).error();
      }
    }
    if (!send(render_reply(!refused))) {
      return refused ? *refused : explain(vanished, log);
    }
  }
}

Result<int> read_version(const std::string& program) {
  constexpr int kOldest = 31500;
  TRY(Service service, Service::start({program, {}, {}}));
  TRY(const Answer answer, service.ask(render_request(RequestType::Version, {})));
  if (answer.version < kOldest) {
    return Error{0,
                 fmt::format("criu {}.{}.{} is too old", answer.version / 10'000,
                             answer.version / 100 % 100, answer.version % 100),
                 "criu 3.15 is the oldest that will do"};
  }
  return answer.version;
}

}  // namespace boxrun::criu
