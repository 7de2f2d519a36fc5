#include "tracer/ptrace/task_filters.h"

#include <errno.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "tracer/os/file.h"

namespace boxtrace::ptrace {
namespace {

using base::Error;
using base::Result;

/// Lets the task go again, whatever happens.
class Seized {
 public:
  explicit Seized(pid_t tid) : tid_(tid) {}
  Seized(const Seized&) = delete;
  Seized& operator=(const Seized&) = delete;
  ~Seized() { ::ptrace(PTRACE_DETACH, tid_, nullptr, nullptr); }

 private:
  pid_t tid_;
};

Error refusal_of(int err, pid_t tid) {
  Error error{err, fmt::format("ptrace(PTRACE_SECCOMP_GET_FILTER, {})", tid), {}};
  switch (err) {
    case EACCES:
      error.hint =
          "only a tracer with CAP_SYS_ADMIN in the first user namespace and without a filter of "
          "its own may read filters";
      break;
    case EINVAL:
      error.hint = "the task has no seccomp filter: Seccomp in /proc/PID/status is not 2";
      break;
    case EMEDIUMTYPE:
      error.hint = "the kernel has not kept the original of this filter";
      break;
    case EIO:
      error.hint = "the kernel was built without CONFIG_CHECKPOINT_RESTORE";
      break;
    default:
      break;
  }
  return error;
}

/// Waits for the stop that PTRACE_INTERRUPT brings; a second is plenty unless the task is in
/// uninterruptible sleep.
Result<void> wait_for_stop(pid_t tid) {
  constexpr int kTries = 1000;
  for (int i = 0; i < kTries; ++i) {
    int status = 0;
    const pid_t waited = ::waitpid(tid, &status, __WALL | WNOHANG);
    if (waited == tid) {
      if (WIFSTOPPED(status)) {
        return {};
      }
      return Error{ESRCH, fmt::format("task {} ended", tid), {}};
    }
    if (waited < 0 && errno != EINTR) {
      return os::errno_error(fmt::format("waitpid({})", tid));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return Error{0, fmt::format("task {} does not stop", tid),
               "State in /proc/PID/status is probably D: it waits for the kernel"};
}

}  // namespace

Result<std::vector<base::Bytes>> read_filters(base::HostTid task) {
  const pid_t tid = task.value;
  if (::ptrace(PTRACE_SEIZE, tid, nullptr, nullptr) != 0) {
    return os::errno_error(fmt::format("ptrace(PTRACE_SEIZE, {})", tid),
                           errno == EPERM ? "it is traced already (TracerPid in /proc/PID/status), "
                                            "or not ours to trace: CAP_SYS_PTRACE"
                                          : "");
  }
  const Seized seized(tid);
  if (::ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr) != 0) {
    return os::errno_error(fmt::format("ptrace(PTRACE_INTERRUPT, {})", tid));
  }
  TRY_OK(wait_for_stop(tid));
  std::vector<base::Bytes> filters;
  for (std::uintptr_t index = 0;; ++index) {
    // The kernel counts from the oldest filter on; how many instructions it has is asked first.
    auto* const place = reinterpret_cast<void*>(index);
    const long count =
        ::ptrace(static_cast<__ptrace_request>(PTRACE_SECCOMP_GET_FILTER), tid, place, nullptr);
    if (count < 0) {
      if (errno == ENOENT && index > 0) {
        return filters;
      }
      return refusal_of(errno, tid);
    }
    std::vector<sock_filter> program(static_cast<std::size_t>(count));
    if (::ptrace(static_cast<__ptrace_request>(PTRACE_SECCOMP_GET_FILTER), tid, place,
                 program.data()) < 0) {
      return refusal_of(errno, tid);
    }
    const auto bytes = std::as_bytes(std::span(program));
    filters.emplace_back(bytes.begin(), bytes.end());
  }
}

}  // namespace boxtrace::ptrace
