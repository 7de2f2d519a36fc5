#include "tests/support/kernel_recording.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

#include <set>
#include <string_view>

#include "decoders/registry.h"
#include "tracer/base/text.h"
#include "tracer/os/file.h"
#include "tracer/os/tracefs.h"

namespace boxtrace::test {
namespace {

constexpr std::string_view kEntry = ": sys_enter: NR ";
constexpr std::string_view kExit = ": sys_exit: NR ";
constexpr std::string_view kExec = ": sched_process_exec: ";
constexpr std::string_view kOldPid = " old_pid=";
// Per CPU. A `runc run` fills about one.
constexpr std::string_view kBufferKilobytes = "16384";

// The pid in `some comm-123   [001] .....  12.345678`: the last four words are fixed, and a comm
// may hold anything.
std::optional<base::HostTid> parse_tid(std::string_view before_event) {
  const auto words = base::split_blanks(before_event);
  if (words.size() < 4) {
    return std::nullopt;
  }
  const std::string_view task = words[words.size() - 4];
  const std::size_t dash = task.rfind('-');
  const auto tid =
      dash == std::string_view::npos ? std::nullopt : base::parse_i64(task.substr(dash + 1));
  return tid ? std::optional{base::HostTid{static_cast<std::int32_t>(*tid)}} : std::nullopt;
}

bool makes_task(std::int64_t nr) {
  return nr == SYS_clone || nr == SYS_clone3 || nr == SYS_fork || nr == SYS_vfork;
}

class CallPairing {
 public:
  void enter(base::HostTid tid, std::int64_t nr) {
    finish(tid, std::nullopt);
    pending_[tid] = nr;
    known_.insert(tid);
  }

  void exit(base::HostTid tid, std::int64_t nr, std::int64_t result) {
    if (pending_.count(tid) != 0) {
      finish(tid, result);  // the number at exit is -1 after rt_sigreturn: the one at entry counts
    } else if (known_.insert(tid).second) {
      // The return of clone in a child, or of a call that was entered before the recording began.
    } else if (!makes_task(nr)) {
      calls_[tid].push_back({nr, result, false});
    }
  }

  // The thread `old_tid` has become the leader `tid`: its execve will end under that number.
  void exec(base::HostTid tid, base::HostTid old_tid) {
    if (tid != old_tid) {
      finish(tid, std::nullopt);
      pending_[tid] = pending_[old_tid];
      pending_.erase(old_tid);
    }
  }

  [[nodiscard]] KernelCalls take() {
    for (const auto& [tid, nr] : std::map{pending_}) {
      finish(tid, std::nullopt);
    }
    return std::move(calls_);
  }

 private:
  void finish(base::HostTid tid, std::optional<std::int64_t> result) {
    const auto pending = pending_.find(tid);
    if (pending != pending_.end()) {
      calls_[tid].push_back({pending->second, result, true});
      pending_.erase(pending);
    }
  }

  std::map<base::HostTid, std::int64_t> pending_;
  std::set<base::HostTid> known_;
  KernelCalls calls_;
};

void add_event(CallPairing& pairing, base::HostTid tid, std::string_view event,
               std::string_view fields) {
  if (event == kExec) {
    const std::size_t place = fields.rfind(kOldPid);
    const auto old_tid = place == std::string_view::npos
                             ? std::nullopt
                             : base::parse_i64(fields.substr(place + kOldPid.size()));
    if (old_tid) {
      pairing.exec(tid, base::HostTid{static_cast<std::int32_t>(*old_tid)});
    }
    return;
  }
  const auto words = base::split_blanks(fields);
  const auto nr = words.empty() ? std::nullopt : base::parse_i64(words[0]);
  if (nr && event == kEntry) {
    pairing.enter(tid, *nr);
  } else if (nr && words.size() == 3) {  // NR = RESULT
    pairing.exit(tid, *nr, base::parse_i64(words[2]).value_or(0));
  }
}

// Instances that a test which was killed has left behind.
void remove_stale_instances(os::BorrowedFd tracefs) {
  const auto names = os::list_directory_at(tracefs, "instances");
  for (const std::string& name : names.ok() ? names.value() : std::vector<std::string>{}) {
    constexpr std::string_view kPrefix = "boxtrace-test-";
    const auto pid = std::string_view{name}.substr(0, kPrefix.size()) == kPrefix
                         ? base::parse_i64(std::string_view{name}.substr(kPrefix.size()))
                         : std::nullopt;
    if (pid && ::kill(static_cast<pid_t>(*pid), 0) != 0) {
      ::unlinkat(tracefs.get(), ("instances/" + name).c_str(), AT_REMOVEDIR);
    }
  }
}

}  // namespace

KernelCalls parse_kernel_calls(const std::string& text) {
  CallPairing pairing;
  for (const std::string_view line : base::split(text, '\n')) {
    for (const std::string_view event : {kEntry, kExit, kExec}) {
      const std::size_t place = line.rfind(event);
      const auto tid =
          place != std::string_view::npos ? parse_tid(line.substr(0, place)) : std::nullopt;
      if (tid) {
        add_event(pairing, *tid, event, line.substr(place + event.size()));
      }
    }
  }
  return pairing.take();
}

base::Result<std::unique_ptr<KernelRecording>> KernelRecording::start() {
  TRY(os::UniqueFd tracefs, os::open_tracefs());
  remove_stale_instances(tracefs);
  const std::string name = fmt::format("instances/boxtrace-test-{}", ::getpid());
  if (::mkdirat(tracefs.get(), name.c_str(), 0700) != 0) {
    return os::errno_error("mkdir(" + name + ")");
  }
  auto instance = os::open_file_at(tracefs, name, O_PATH | O_DIRECTORY);
  if (!instance.ok()) {
    ::unlinkat(tracefs.get(), name.c_str(), AT_REMOVEDIR);
    return std::move(instance).error();
  }
  std::unique_ptr<KernelRecording> recording{
      new KernelRecording{std::move(tracefs), name, std::move(instance).value()}};
  TRY_OK(recording->set("trace_clock", "mono"));
  TRY_OK(recording->set("buffer_size_kb", std::string{kBufferKilobytes}));
  TRY_OK(recording->set("options/event-fork", "1"));
  TRY_OK(recording->set("set_event_pid", fmt::format("{}", ::gettid())));
  TRY_OK(recording->set("events/sched/sched_process_exec/enable", "1"));
  TRY_OK(recording->set("events/raw_syscalls/enable", "1"));
  return recording;
}

KernelRecording::~KernelRecording() {
  static_cast<void>(set("events/enable", "0"));
  instance_.reset();
  ::unlinkat(tracefs_.get(), name_.c_str(), AT_REMOVEDIR);
}

base::Result<void> KernelRecording::set(const std::string& file, const std::string& value) const {
  TRY(const os::UniqueFd fd, os::open_file_at(instance_, file, O_WRONLY | O_TRUNC));
  return os::write_all(fd, value).within("while writing " + file);
}

base::Result<KernelCalls> KernelRecording::stop() {
  TRY_OK(set("events/enable", "0"));
  TRY(const auto cpus, os::list_directory_at(instance_, "per_cpu"));
  for (const std::string& cpu : cpus) {
    TRY(const std::string stats, os::read_file_at(instance_, "per_cpu/" + cpu + "/stats"));
    if (stats.find("overrun: 0\n") == std::string::npos) {
      return base::Error{ENOBUFS, "the kernel's trace buffer of " + cpu + " overflowed", {}};
    }
  }
  TRY(const std::string text, os::read_file_at(instance_, "trace"));
  KernelCalls calls = parse_kernel_calls(text);
  calls.erase(base::HostTid{::gettid()});
  return calls;
}

}  // namespace boxtrace::test
