// Requests of ptrace(2), on x86, and flags of its relatives.
// Sources: linux/ptrace.h, asm/ptrace-abi.h, linux/kcmp.h, linux/perf_event.h.

#include "decoders/tables/ptrace.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kPtraceRequestsRows[] = {
    {0, "PTRACE_TRACEME"},
    {1, "PTRACE_PEEKTEXT"},
    {2, "PTRACE_PEEKDATA"},
    {3, "PTRACE_PEEKUSER"},
    {4, "PTRACE_POKETEXT"},
    {5, "PTRACE_POKEDATA"},
    {6, "PTRACE_POKEUSER"},
    {7, "PTRACE_CONT"},
    {8, "PTRACE_KILL"},
    {9, "PTRACE_SINGLESTEP"},
    {12, "PTRACE_GETREGS"},
    {13, "PTRACE_SETREGS"},
    {14, "PTRACE_GETFPREGS"},
    {15, "PTRACE_SETFPREGS"},
    {16, "PTRACE_ATTACH"},
    {17, "PTRACE_DETACH"},
    {18, "PTRACE_GETFPXREGS"},
    {19, "PTRACE_SETFPXREGS"},
    {21, "PTRACE_OLDSETOPTIONS"},
    {24, "PTRACE_SYSCALL"},
    {25, "PTRACE_GET_THREAD_AREA"},
    {26, "PTRACE_SET_THREAD_AREA"},
    {30, "PTRACE_ARCH_PRCTL"},
    {31, "PTRACE_SYSEMU"},
    {32, "PTRACE_SYSEMU_SINGLESTEP"},
    {33, "PTRACE_SINGLEBLOCK"},
    {0x4200, "PTRACE_SETOPTIONS"},
    {0x4201, "PTRACE_GETEVENTMSG"},
    {0x4202, "PTRACE_GETSIGINFO"},
    {0x4203, "PTRACE_SETSIGINFO"},
    {0x4204, "PTRACE_GETREGSET"},
    {0x4205, "PTRACE_SETREGSET"},
    {0x4206,
     "PTRACE_SEIZE",
     {"Attaches without stopping; only a seized tracee can be interrupted and listened to."}},
    {0x4207, "PTRACE_INTERRUPT"},
    {0x4208, "PTRACE_LISTEN"},
    {0x4209, "PTRACE_PEEKSIGINFO"},
    {0x420a, "PTRACE_GETSIGMASK"},
    {0x420b, "PTRACE_SETSIGMASK"},
    {0x420c, "PTRACE_SECCOMP_GET_FILTER"},
    {0x420d, "PTRACE_SECCOMP_GET_METADATA"},
    {0x420e,
     "PTRACE_GET_SYSCALL_INFO",
     {"Number, arguments or result of the call a tracee is stopped at, whatever its ABI."}},
    {0x420f, "PTRACE_GET_RSEQ_CONFIGURATION"},
    {0x4210, "PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG"},
    {0x4211, "PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG"},
    {0x4212, "PTRACE_SET_SYSCALL_INFO"},
};

constexpr Constant kPtraceOptionsRows[] = {
    {1, "PTRACE_O_TRACESYSGOOD"},    {2, "PTRACE_O_TRACEFORK"},
    {4, "PTRACE_O_TRACEVFORK"},      {8, "PTRACE_O_TRACECLONE"},
    {0x10, "PTRACE_O_TRACEEXEC"},    {0x20, "PTRACE_O_TRACEVFORKDONE"},
    {0x40, "PTRACE_O_TRACEEXIT"},    {0x80, "PTRACE_O_TRACESECCOMP"},
    {0x100000, "PTRACE_O_EXITKILL"}, {0x200000, "PTRACE_O_SUSPEND_SECCOMP"},
};

constexpr Constant kKcmpTypesRows[] = {
    {0, "KCMP_FILE"},    {1, "KCMP_VM"}, {2, "KCMP_FILES"},   {3, "KCMP_FS"},
    {4, "KCMP_SIGHAND"}, {5, "KCMP_IO"}, {6, "KCMP_SYSVSEM"}, {7, "KCMP_EPOLL_TFD"},
};

constexpr Constant kPerfEventFlagsRows[] = {
    {1, "PERF_FLAG_FD_NO_GROUP"},
    {2, "PERF_FLAG_FD_OUTPUT"},
    {4, "PERF_FLAG_PID_CGROUP", {"pid is a descriptor of a cgroup's directory."}},
    {8, "PERF_FLAG_FD_CLOEXEC"},
};

constexpr Constant kPerfEventTypesRows[] = {
    {0, "PERF_TYPE_HARDWARE"}, {1, "PERF_TYPE_SOFTWARE"}, {2, "PERF_TYPE_TRACEPOINT"},
    {3, "PERF_TYPE_HW_CACHE"}, {4, "PERF_TYPE_RAW"},      {5, "PERF_TYPE_BREAKPOINT"},
};

}  // namespace

const ConstantTable kPtraceRequests{"ptrace requests", ConstantTable::Kind::Enum,
                                    "PTRACE_???",      "linux/ptrace.h",
                                    "ptrace(2)",       kPtraceRequestsRows};
const ConstantTable kPtraceOptions{"ptrace options", ConstantTable::Kind::Flags,
                                   "PTRACE_O_???",   "linux/ptrace.h",
                                   "ptrace(2)",      kPtraceOptionsRows};
const ConstantTable kKcmpTypes{
    "kcmp types", ConstantTable::Kind::Enum, "KCMP_???", "linux/kcmp.h", "kcmp(2)", kKcmpTypesRows};
const ConstantTable kPerfEventFlags{"perf_event_open flags", ConstantTable::Kind::Flags,
                                    "PERF_FLAG_???",         "linux/perf_event.h",
                                    "perf_event_open(2)",    kPerfEventFlagsRows};
const ConstantTable kPerfEventTypes{"perf event types",   ConstantTable::Kind::Enum,
                                    "PERF_TYPE_???",      "linux/perf_event.h",
                                    "perf_event_open(2)", kPerfEventTypesRows};

}  // namespace boxtrace::decoders
