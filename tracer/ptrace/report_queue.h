#pragma once
// Every tracee gets its turn.
//
// wait4(2) for any child looks at the tracees from the one that was traced last to the first, and
// reports the first that has something to say. A tracer that is slower than its tracees therefore
// hears only of the youngest ones that are busy: each time it waits, one of them has stopped again.
// The others stay stopped for as long as that goes on, for ever if need be.
//
// So from time to time all that waits is collected, and then reported in that order before anything
// else. Not each time: a tracee that is alone at work would pay for a wait in vain at each stop.
// But a signal is reported at once, as it would be lost if we were killed between the wait and its
// delivery; unless the signals are why nothing else was collected the last time.
//
// Source: kernel/exit.c: do_wait(), ptrace_do_wait(); kernel/ptrace.c: __ptrace_link().

#include <deque>

#include "tracer/ptrace/kernel.h"
#include "tracer/ptrace/stop.h"

namespace boxtrace::ptrace {

class ReportQueue {
 public:
  explicit ReportQueue(Kernel& kernel) : kernel_(&kernel) {}

  /// The next report; waits for it if there is none. What was collected can have been overtaken by
  /// a SIGKILL, as any stop can: then it is `Vanished`.
  [[nodiscard]] Report next();

  /// Some are collected: their tasks stay stopped until they are reported and resumed. Should we
  /// end before that, the kernel lets them go on, but without the signal that they stopped for.
  [[nodiscard]] bool has_collected() const { return !collected_.empty(); }

 private:
  void collect();

  Kernel* kernel_;
  std::deque<StatusChange> collected_;
  unsigned since_collected_ = 0;
  bool was_cut_off_ = false;  ///< by a signal, before anything else was collected
};

}  // namespace boxtrace::ptrace
