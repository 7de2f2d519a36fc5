#pragma once
// What the kernel itself says that a process and its descendants called: the raw_syscalls
// tracepoints, in a tracing instance of our own, at the same time as ptrace. The witness for tests
// that no call is missing from a trace, none is invented, and no result is wrong.
//
// tracefs is mounted nowhere (fsmount(2) gives a descriptor of it), and the instance is removed
// when the recording dies. Needs root. Source: Documentation/trace/ftrace.rst, "set_event_pid",
// "event-fork", "Instances".

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tracer/base/ids.h"
#include "tracer/base/result.h"
#include "tracer/os/fd.h"

namespace boxtrace::test {

/// A call as the tracepoints show it.
struct KernelCall {
  std::int64_t nr = 0;
  std::optional<std::int64_t> result;  ///< empty when it never returned
  /// False when it was answered before it began: by a seccomp filter, or because the task had been
  /// killed meanwhile.
  bool began = true;
  friend bool operator==(const KernelCall&, const KernelCall&) = default;
};

/// The calls of each thread, by tid, in order.
using KernelCalls = std::map<base::HostTid, std::vector<KernelCall>>;

/// The calls in the text of a tracefs `trace` file. Calls that were entered before the recording
/// began, and the return of clone in a new task, are left out.
[[nodiscard]] KernelCalls parse_kernel_calls(const std::string& text);

class KernelRecording {
 public:
  /// Begins to record the calling thread's future children and their descendants.
  /// @errors  when there is no tracefs, or we may not use it.
  [[nodiscard]] static base::Result<std::unique_ptr<KernelRecording>> start();

  KernelRecording(const KernelRecording&) = delete;
  KernelRecording& operator=(const KernelRecording&) = delete;
  KernelRecording(KernelRecording&&) = delete;
  KernelRecording& operator=(KernelRecording&&) = delete;
  ~KernelRecording();

  /// Ends the recording. The calling thread's own calls are not part of it.
  /// @errors  when the kernel had to drop records.
  [[nodiscard]] base::Result<KernelCalls> stop();

 private:
  KernelRecording(os::UniqueFd tracefs, std::string name, os::UniqueFd instance)
      : tracefs_(std::move(tracefs)), name_(std::move(name)), instance_(std::move(instance)) {}

  [[nodiscard]] base::Result<void> set(const std::string& file, const std::string& value) const;

  os::UniqueFd tracefs_;
  std::string name_;
  os::UniqueFd instance_;
};

}  // namespace boxtrace::test
