#pragma once
// Stops at the returns of chosen calls, for tasks that cannot carry a seccomp filter of ours.
//
// With PTRACE_SYSCALL every call costs two stops. A filter of calls spares them (call_filter.h),
// but cannot be taken off again, so whoever may be let go of, and goes on to live without us, must
// not have it: what a daemon starts, to which we are attached, and containers with it. Such tasks
// run with PTRACE_CONT, and an eBPF program in the kernel picks the calls out: it runs at the
// raw_syscalls tracepoints and sends the task a signal when a chosen call returns. A traced task
// stops before a signal is delivered to it, in this case before it is back in user mode: its memory
// is that of the call, its arguments were written down, and the tracer takes the signal away. All
// that is gone when our descriptors are closed.
//
// The traps:
// - A signal that is blocked stops nothing, and would be seen by sigpending(2) and signalfd(2),
//   which crun reads. So the program follows rt_sigprocmask(2), sends nothing meanwhile and counts
//   what it has not told. Only programs of Go are followed this way, whose runtime blocks signals
//   for the moment of a clone(2) and no longer.
// - A task whose tracer is killed in between gets the signal. SIGWINCH does nothing to it.
// - A call that a seccomp filter denies has no sys_enter. A task with a filter is stopped at every
//   call, as it is anyway.
// - The programs know tasks by their pid in the first pid namespace; we have to be in it.
// - While they are loaded, all calls of the machine go the slower way through the kernel's entry,
//   some hundred nanoseconds.
//
// Sources: bpf-helpers(7), bpf_send_signal_thread; kernel/trace/bpf_trace.c; kernel/entry/common.c:
// syscall_trace_enter, syscall_exit_work; kernel/signal.c: sig_ignored, get_signal.

#include <cstdint>
#include <memory>
#include <optional>

#include "decoders/call_set.h"
#include "tracer/base/ids.h"
#include "tracer/base/result.h"
#include "tracer/raw/event.h"

namespace boxtrace::ptrace {

/// A chosen call that has returned, unless it has made a task or started a program: ptrace has
/// events for these.
struct ReturnedCall {
  raw::Call call;
  std::int64_t entered = 0;  ///< CLOCK_MONOTONIC, ns
  std::int64_t result = 0;   ///< a negated errno when it failed
};

class ReturnStops {
 public:
  ReturnStops() = default;
  ReturnStops(const ReturnStops&) = delete;
  ReturnStops& operator=(const ReturnStops&) = delete;
  ReturnStops(ReturnStops&&) = delete;
  ReturnStops& operator=(ReturnStops&&) = delete;
  virtual ~ReturnStops() = default;

  /// Which calls of a task.
  enum class Calls : std::uint8_t { Chosen, Light };
  /// From now on these calls of the task stop it. `is_blocked`: it blocks kReturnSignal now.
  /// False when there are too many tasks.
  [[nodiscard]] virtual bool begin(base::HostTid tid, Calls calls, bool is_blocked) = 0;
  virtual void end(base::HostTid tid) = 0;

  /// The call that has returned since the last time, whose signal is on its way to the task or has
  /// just stopped it.
  [[nodiscard]] virtual std::optional<ReturnedCall> take(base::HostTid tid) = 0;
  /// How many have returned since the last time and did not stop it.
  [[nodiscard]] virtual std::uint64_t take_unseen(base::HostTid tid) = 0;
  /// How many tasks it has made since begin(), which is no return that stops it.
  [[nodiscard]] virtual std::uint64_t births(base::HostTid tid) = 0;
};

/// @errors  EPERM without CAP_BPF and CAP_PERFMON, or in another pid namespace than the first;
///          ENOSYS on other machines than x86-64.
[[nodiscard]] base::Result<std::unique_ptr<ReturnStops>> open_return_stops(
    const decoders::CallSet& chosen, const decoders::CallSet& light);

}  // namespace boxtrace::ptrace
