#pragma once
// The calls of tasks that are followed lightly: those few that change which namespaces a thread is
// in or what is mounted, as events like any other. See call_watch.h for where they come from, and
// why what is read after the fact is checked, or said to be missing.

#include <memory>
#include <string>

#include "decoders/call_set.h"
#include "decoders/spec.h"
#include "tracer/ptrace/call_watch.h"
#include "tracer/ptrace/emitter.h"
#include "tracer/ptrace/kernel.h"
#include "tracer/ptrace/observe.h"
#include "tracer/ptrace/tracees.h"

namespace boxtrace::ptrace {

/// Those calls. Births are seen by events.
[[nodiscard]] decoders::CallSet light_calls();

class LightCalls {
 public:
  /// Keeps references. Nothing is asked of the kernel before the first begin().
  LightCalls(Kernel& kernel, const Observer& observer, Emitter& emitter,
             const decoders::Options& options)
      : kernel_(&kernel), observer_(&observer), emitter_(&emitter), options_(options) {}

  /// The task is followed lightly from now on.
  void begin(const Tracee& tracee);
  /// Says what that means for the trace, of a whole process. `are_seen`: the calls are, by other
  /// means than ours.
  void explain(const Tracee& leader, base::Nanos now, bool are_seen);
  void end(base::HostTid tid);

  /// Emits what was recorded.
  void take(Tracees& tracees);

 private:
  void on_entry(Tracee& tracee, const WatchedCall& seen);
  void on_exit(Tracee& tracee, const WatchedCall& seen);

  Kernel* kernel_;
  const Observer* observer_;
  Emitter* emitter_;
  decoders::Options options_;
  std::unique_ptr<CallWatch> watch_;
  std::string failure_;  ///< why there is no watch
};

}  // namespace boxtrace::ptrace
