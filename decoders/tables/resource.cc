// Limits per process. Sources: asm-generic/resource.h; getrlimit(2).

#include "decoders/tables/resource.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kLimits[] = {
    {0,
     "RLIMIT_CPU",
     {"Seconds of CPU time; SIGXCPU at the soft limit, SIGKILL at the hard one.",
      "/proc/PID/limits", ""}},
    {1, "RLIMIT_FSIZE", {"Bytes of a file that is written; SIGXFSZ.", "/proc/PID/limits", ""}},
    {2, "RLIMIT_DATA", {"Bytes of data and private anonymous memory.", "/proc/PID/limits", ""}},
    {3,
     "RLIMIT_STACK",
     {"Bytes of the main thread's stack, and a quarter of it for arguments and environment.",
      "/proc/PID/limits", ""}},
    {4,
     "RLIMIT_CORE",
     {"Bytes of a core dump; 0 for none.", "/proc/PID/limits",
      "Ignored where /proc/sys/kernel/core_pattern pipes to a program."}},
    {5,
     "RLIMIT_RSS",
     {"Has no effect on Linux.", "/proc/PID/limits", "To limit memory use a cgroup."}},
    {6,
     "RLIMIT_NPROC",
     {"Processes and threads of this user.", "/proc/PID/limits",
      "It counts per user and user namespace, not per container: the containers of one user share "
      "it. What limits a container is pids.max of its cgroup. execve fails with EAGAIN when a "
      "setuid before it went over the limit."}},
    {7,
     "RLIMIT_NOFILE",
     {"The highest descriptor number plus one.", "/proc/PID/limits",
      "The hard limit cannot be raised without CAP_SYS_RESOURCE, nor past /proc/sys/fs/nr_open: "
      "EPERM both times."}},
    {8,
     "RLIMIT_MEMLOCK",
     {"Bytes of locked memory; before Linux 5.11 also of BPF maps and programs.",
      "/proc/PID/limits", ""}},
    {9,
     "RLIMIT_AS",
     {"Bytes of address space.", "/proc/PID/limits",
      "Address space is not memory: Go programs reserve much more than they use."}},
    {10, "RLIMIT_LOCKS", {"Has no effect since Linux 2.4.", "", ""}},
    {11, "RLIMIT_SIGPENDING", {"Signals queued for this user.", "/proc/PID/limits", ""}},
    {12,
     "RLIMIT_MSGQUEUE",
     {"Bytes of POSIX message queues of this user.", "/proc/PID/limits", ""}},
    {13, "RLIMIT_NICE", {"How far nice may go down: 20 minus this.", "/proc/PID/limits", ""}},
    {14, "RLIMIT_RTPRIO", {"The highest real-time priority.", "/proc/PID/limits", ""}},
    {15,
     "RLIMIT_RTTIME",
     {"Microseconds of real-time CPU without a blocking call.", "/proc/PID/limits", ""}},
};

constexpr Constant kValues[] = {{~std::uint64_t{0}, "RLIM64_INFINITY"}};

}  // namespace

const ConstantTable kResourceLimits{"resource limits", ConstantTable::Kind::Enum,
                                    "RLIMIT_???",      "asm-generic/resource.h",
                                    "getrlimit(2)",    kLimits};
const ConstantTable kLimitValues{
    "limit values", ConstantTable::Kind::Enum, "", "linux/resource.h", "getrlimit(2)", kValues};

}  // namespace boxtrace::decoders
