#include "runtime/exec/scheduling.h"

#include <errno.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracer/os/file.h"

namespace boxrun::exec {
namespace {

/// struct sched_attr of linux/sched/types.h, which cannot be included beside the C library's
/// sched.h: both define struct sched_param. This is its first version; the kernel knows it by size.
struct SchedulerAttributes {
  std::uint32_t size = sizeof(SchedulerAttributes);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};
static_assert(sizeof(SchedulerAttributes) == 48);

/// Of linux/ioprio.h, which since Linux 6.5 (and Debian's 6.1.192) has a function with a parameter
/// named `class`: no C++ program can include it.
constexpr int kIoprioClassShift = 13;
constexpr int kIoprioWhoProcess = 1;

}  // namespace

Result<void> set_scheduler(pid_t pid, const config::Scheduler& scheduler) {
  SchedulerAttributes attributes;
  attributes.policy = scheduler.policy;
  attributes.flags = scheduler.flags;
  attributes.nice = scheduler.nice;
  attributes.priority = scheduler.priority;
  attributes.runtime_ns = scheduler.runtime_ns;
  attributes.deadline_ns = scheduler.deadline_ns;
  attributes.period_ns = scheduler.period_ns;
  if (::syscall(SYS_sched_setattr, pid, &attributes, 0U) == 0) {
    return {};
  }
  const int err = errno;
  return Error{
      err,
      fmt::format("sched_setattr({}, nice {}, priority {})", scheduler.name, scheduler.nice,
                  scheduler.priority),
      err == EPERM   ? "real time and negative nice values need CAP_SYS_NICE, a cpu cgroup with "
                       "real-time budget (cpu.rt_runtime_us), and for SCHED_DEADLINE all CPUs"
      : err == EBUSY ? "the CPUs have no bandwidth left for this deadline"
      : err == EINVAL
          ? "SCHED_DEADLINE wants runtime <= deadline <= period, and each policy only its values"
          : ""};
}

Result<void> set_io_priority(pid_t pid, const config::IoPriority& priority) {
  const int value = priority.io_class << kIoprioClassShift | priority.priority;
  if (::syscall(SYS_ioprio_set, kIoprioWhoProcess, pid, value) == 0) {
    return {};
  }
  return os::errno_error(
      fmt::format("ioprio_set({}, {})", priority.name, priority.priority),
      errno == EPERM ? "IOPRIO_CLASS_RT needs CAP_SYS_ADMIN or CAP_SYS_NICE" : "");
}

}  // namespace boxrun::exec
