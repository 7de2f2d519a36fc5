#pragma once
// Wakes a tracee on the CPU of its tracer.
//
// A stop is two wake-ups: the tracee wakes the tracer and sleeps, the tracer wakes the tracee and
// sleeps. Only one of the two runs at a time, yet the scheduler places whoever is woken on an idle
// CPU, and to get a CPU out of its idle state takes many times longer than all else in a stop. On
// one CPU the switch follows at once.
//
// Where a task is woken is decided within the request that resumes it, by the task's affinity. So
// the affinity is narrowed to the tracer's CPU for that request, and is the task's own again before
// the tracer waits for the next stop. The scheduler may move the task the moment it runs, and does
// when another CPU has nothing to do.
//
// The traps:
// - The task must not see it, so it must not run before its affinity is its own again, which it
//   would if it took the CPU from the tracer as soon as it is woken. The tracer has the lowest
//   realtime priority meanwhile: nobody who has none takes its CPU. Calls that would show the
//   affinity, or hand it on to a new task, are resumed without all this.
// - Whoever was never given an affinity follows the cpuset of its cgroup, later changes included;
//   whoever was, does not. sched_getaffinity(2) does not tell them apart. Only tasks that may run
//   everywhere are narrowed, and get "everywhere" back, which the kernel cuts down to the cpuset of
//   the day.
// - A tracer that is killed in between leaves a narrowed task, so what is narrowed stands in memory
//   that outlives it.
// - Several tracees at work have to run beside each other: only a task that stops several times in
//   a row is narrowed, and only meanwhile does the tracer keep to its CPU.
//
// Sources: kernel/sched/fair.c: select_task_rq_fair, select_idle_sibling; kernel/sched/core.c:
// select_task_rq, __sched_setaffinity, user_cpus_ptr; sched_setaffinity(2), sched(7).

#include <sched.h>

#include <atomic>
#include <cstdint>

#include "tracer/base/ids.h"
#include "tracer/raw/arch.h"

namespace boxtrace::ptrace {

/// The task that is narrowed now. Lives in memory that is shared with a process that outlives us.
struct NarrowedTask {
  std::atomic<std::int32_t> tid{0};  ///< 0: none
};

/// For whoever outlives a tracer that was killed: gives the task its affinity back.
void widen_after_death(const NarrowedTask& record);

class SameCpu {
 public:
  /// `record` outlives us. Without one, without a second CPU, or without the privilege to set
  /// anyone's affinity (CAP_SYS_NICE), nothing is ever narrowed.
  explicit SameCpu(NarrowedTask* record);
  SameCpu(const SameCpu&) = delete;
  SameCpu& operator=(const SameCpu&) = delete;
  SameCpu(SameCpu&&) = delete;
  SameCpu& operator=(SameCpu&&) = delete;
  ~SameCpu();

  /// A stop was reported.
  void on_stop(base::HostTid tid);
  /// ... and it is that of the entry of a call.
  void on_entry(raw::Abi abi, std::uint64_t nr);

  /// Before the task of the last stop is resumed. True: widen() must follow.
  [[nodiscard]] bool narrow(base::HostTid tid);
  void widen(base::HostTid tid);

 private:
  [[nodiscard]] bool keep_to_this_cpu();
  void move_freely();

  NarrowedTask* record_;
  int cpus_ = 0;  ///< online
  cpu_set_t own_{};
  cpu_set_t here_{};
  bool keeps_to_cpu_ = false;
  base::HostTid last_;
  unsigned in_a_row_ = 0;  ///< stops of the same task
  unsigned apart_ = 0;     ///< stops in a row that each were of another task than the one before
  bool may_see_ = false;   ///< the last stop is the entry of a call that can see the affinity
};

}  // namespace boxtrace::ptrace
