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
// that is gone when our descriptors are closed. Some calls need no stop at all (passing_calls.h).
//
// The traps:
// - A signal that is blocked stops nothing, and would be seen by sigpending(2) and signalfd(2),
//   which crun reads. So the program follows rt_sigprocmask(2), sends nothing meanwhile and counts
//   what it has not told. Only programs of Go are followed this way, whose runtime blocks signals
//   for the moment of a clone(2) and no longer.
// - A task whose tracer is killed in between gets the signal. SIGWINCH does nothing to it.
// - A call that a seccomp filter of the task answers has no sys_enter, only a sys_exit. All of
// these
//   are told, chosen or not. One that it kills the task for has neither.
// - The programs know tasks by their pid in the first pid namespace; we have to be in it.
// - While they are loaded, all calls of the machine go the slower way through the kernel's entry,
//   some hundred nanoseconds.
//
// Sources: bpf-helpers(7), bpf_send_signal_thread; kernel/trace/bpf_trace.c; kernel/entry/common.c:
// syscall_trace_enter, syscall_exit_work; kernel/signal.c: sig_ignored, get_signal.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "decoders/call_set.h"
#include "tracer/base/ids.h"
#include "tracer/base/result.h"
#include "tracer/raw/event.h"
#include "tracer/raw/memory.h"

namespace boxtrace::ptrace {

/// A chosen call that has returned, unless it has made a task or started a program: ptrace has
/// events for these.
struct ReturnedCall {
  raw::Call call;
  std::int64_t entered = 0;   ///< CLOCK_MONOTONIC, ns
  std::int64_t returned = 0;  ///< the same
  std::int64_t result = 0;    ///< a negated errno when it failed
};

/// One that did not stop its task.
struct PassedCall {
  base::HostTid tid;
  ReturnedCall returned;
  raw::Snapshot memory;  ///< all of the task's that the call is about
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
  /// What a task is doing when it is watched from now on.
  struct Now {
    bool is_blocked = false;  ///< it blocks kReturnSignal
    bool may_be_in_call = true;
  };
  /// From now on these calls of the task stop it, or are among those that take_passed() returns.
  /// False when there are too many tasks.
  [[nodiscard]] virtual bool begin(base::HostTid tid, Calls calls, Now now) = 0;
  virtual void end(base::HostTid tid) = 0;

  /// The call that has returned since the last time, whose signal is on its way to the task or has
  /// just stopped it.
  [[nodiscard]] virtual std::optional<ReturnedCall> take(base::HostTid tid) = 0;
  /// How many have returned since the last time and did not stop it.
  [[nodiscard]] virtual std::uint64_t take_unseen(base::HostTid tid) = 0;
  /// All that have passed since the last time. Before a stop of a task is looked at, so that its
  /// calls come in their order.
  [[nodiscard]] virtual std::vector<PassedCall> take_passed() = 0;
  /// What the task's last calls, all of this number, may have changed was not observed yet: the
  /// next chosen call of another number is to stop it. Or all was observed.
  virtual void set_unobserved(base::HostTid tid, std::optional<std::uint64_t> number) = 0;
  /// How many tasks it has made since begin(), which is no return that stops it.
  [[nodiscard]] virtual std::uint64_t births(base::HostTid tid) = 0;
};

/// `lets_pass`: calls that need no stop may do without.
///
/// @errors  EPERM without CAP_BPF and CAP_PERFMON, or in another pid namespace than the first;
///          ENOSYS on other machines than x86-64.
[[nodiscard]] base::Result<std::unique_ptr<ReturnStops>> open_return_stops(
    const decoders::CallSet& chosen, const decoders::CallSet& light, bool lets_pass = true);

}  // namespace boxtrace::ptrace
