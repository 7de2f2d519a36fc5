#pragma once
// Taking over processes that run already.
//
// PTRACE_SEIZE takes one thread, and a process may make and lose threads while we go through them.
// A thread made by one that is ours is ours from birth; one made by another that we have not come
// to yet is found by reading /proc/PID/task again, until it holds nothing new. In between threads
// end, which shows as ESRCH, or as EPERM while a dead one has not been buried.
//
// Nothing is stopped here. Source: ptrace(2) "Attaching and detaching"; kernel/ptrace.c:
// ptrace_attach().

#include <vector>

#include "tracer/base/ids.h"
#include "tracer/base/result.h"
#include "tracer/ptrace/kernel.h"
#include "tracer/ptrace/observe.h"

namespace boxtrace::ptrace {

struct SeizedProcess {
  base::HostPid pid;
  /// The threads that were seized. Not those that were born ours meanwhile, whose creators report
  /// them; and not the leader, if that has ended before the others.
  std::vector<base::HostTid> threads;
};

/// Seizes all threads of the process that the thread `pid` belongs to.
///
/// @errors  when the process does not exist, or may not be traced, with the reason as far as it can
///          be found out, see attach_refusal.h. What was seized until then is let go when the
///          calling thread ends.
[[nodiscard]] base::Result<SeizedProcess> seize_process(Kernel& kernel, const Observer& observer,
                                                        base::HostPid pid);

}  // namespace boxtrace::ptrace
