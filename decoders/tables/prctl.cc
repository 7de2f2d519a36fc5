// prctl(2): one number, sixty calls. Those that build a container's limits: PR_SET_NO_NEW_PRIVS,
// PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_SET_SECUREBITS, PR_SET_KEEPCAPS, PR_SET_SECCOMP,
// PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, PR_SET_NAME.
//
// Sources: include/uapi/linux/prctl.h; kernel/sys.c; prctl(2).

#include "decoders/tables/prctl.h"

namespace boxtrace::decoders {
namespace {

constexpr auto kEnum = ConstantTable::Kind::Enum;
constexpr auto kFlags = ConstantTable::Kind::Flags;

constexpr Constant kOptions[] = {
    {1,
     "PR_SET_PDEATHSIG",
     {"The caller gets this signal when its parent dies; 0 for none.", "Not in /proc.",
      "The parent is a thread, not a process: when the thread that forked ends, the signal comes. "
      "An execve of a set-user-id program clears it."}},
    {2, "PR_GET_PDEATHSIG"},
    {3, "PR_GET_DUMPABLE"},
    {4,
     "PR_SET_DUMPABLE",
     {"May the process be traced by others, and dump core?",
      "With 0 the files in /proc/PID belong to root.",
      "Runtimes set 0 before they join a container's namespaces, so that its processes cannot "
      "reach into them. An unprivileged tracer cannot read their memory then, and writing "
      "/proc/self/uid_map as an ordinary user fails."}},
    {5, "PR_GET_UNALIGN"},
    {6, "PR_SET_UNALIGN"},
    {7, "PR_GET_KEEPCAPS"},
    {8,
     "PR_SET_KEEPCAPS",
     {"Keep the permitted capabilities when all user ids leave 0.", "",
      "The effective set is emptied all the same, capset must fill it again, and the next execve "
      "clears the flag."}},
    {9, "PR_GET_FPEMU"},
    {10, "PR_SET_FPEMU"},
    {11, "PR_GET_FPEXC"},
    {12, "PR_SET_FPEXC"},
    {13, "PR_GET_TIMING"},
    {14, "PR_SET_TIMING"},
    {15,
     "PR_SET_NAME",
     {"Names the calling thread; 15 bytes count.", "/proc/PID/comm and Name: in /proc/PID/status.",
      "runc names its stages so: `runc:[0:PARENT]`, `runc:[1:CHILD]`, `runc:[2:INIT]`."}},
    {16, "PR_GET_NAME"},
    {19, "PR_GET_ENDIAN"},
    {20, "PR_SET_ENDIAN"},
    {21, "PR_GET_SECCOMP"},
    {22,
     "PR_SET_SECCOMP",
     {"The older way to add a seccomp filter.", "Seccomp: in /proc/PID/status.",
      "It knows no flags: only the calling thread is filtered."}},
    {23,
     "PR_CAPBSET_READ",
     {"Is this capability in the bounding set? Runtimes ask for 0, 1, 2 ... until EINVAL to "
      "learn how many the kernel knows.",
      "CapBnd in /proc/PID/status.", ""}},
    {24,
     "PR_CAPBSET_DROP",
     {"Takes a capability out of the bounding set: no execve can give it back, not even of a "
      "set-user-id-root program.",
      "CapBnd in /proc/PID/status.",
      "It needs CAP_SETPCAP and leaves the permitted set as it is: the process itself keeps the "
      "capability until capset or execve."}},
    {25, "PR_GET_TSC"},
    {26, "PR_SET_TSC"},
    {27, "PR_GET_SECUREBITS"},
    {28,
     "PR_SET_SECUREBITS",
     {"Changes what uid 0 means for capabilities.", "Not in /proc.",
      "Needs CAP_SETPCAP; locked bits cannot be changed back."}},
    {29, "PR_SET_TIMERSLACK"},
    {30, "PR_GET_TIMERSLACK"},
    {31, "PR_TASK_PERF_EVENTS_DISABLE"},
    {32, "PR_TASK_PERF_EVENTS_ENABLE"},
    {33, "PR_MCE_KILL"},
    {34, "PR_MCE_KILL_GET"},
    {35,
     "PR_SET_MM",
     {"Rewrites what the kernel knows of the process's memory layout, such as where its command "
      "line is.",
      "/proc/PID/cmdline, environ, exe, stat.", ""}},
    {36,
     "PR_SET_CHILD_SUBREAPER",
     {"Orphaned descendants get this process as parent, in place of process 1.",
      "PPid: of the orphans.",
      "containerd's shim and conmon are subreapers: that is how a container survives the end of "
      "the "
      "runtime that made it. Within a pid namespace its process 1 comes first."}},
    {37, "PR_GET_CHILD_SUBREAPER"},
    {38,
     "PR_SET_NO_NEW_PRIVS",
     {"From now on no execve gives privileges: set-user-id bits and file capabilities are without "
      "effect. It cannot be undone and is inherited.",
      "NoNewPrivs: 1 in /proc/PID/status.",
      "It permits anybody to load seccomp filters. sudo and ping in such a container fail."}},
    {39, "PR_GET_NO_NEW_PRIVS"},
    {40, "PR_GET_TID_ADDRESS"},
    {41, "PR_SET_THP_DISABLE"},
    {42, "PR_GET_THP_DISABLE"},
    {43, "PR_MPX_ENABLE_MANAGEMENT"},
    {44, "PR_MPX_DISABLE_MANAGEMENT"},
    {45, "PR_SET_FP_MODE"},
    {46, "PR_GET_FP_MODE"},
    {47,
     "PR_CAP_AMBIENT",
     {"Reads or changes the ambient set: capabilities that a program without file capabilities "
      "keeps over execve although it is not root.",
      "CapAmb in /proc/PID/status.",
      "A capability must be permitted and inheritable before it can be raised (EPERM)."}},
    {50, "PR_SVE_SET_VL"},
    {51, "PR_SVE_GET_VL"},
    {52, "PR_GET_SPECULATION_CTRL"},
    {53, "PR_SET_SPECULATION_CTRL"},
    {54, "PR_PAC_RESET_KEYS"},
    {55, "PR_SET_TAGGED_ADDR_CTRL"},
    {56, "PR_GET_TAGGED_ADDR_CTRL"},
    {57, "PR_SET_IO_FLUSHER"},
    {58, "PR_GET_IO_FLUSHER"},
    {59, "PR_SET_SYSCALL_USER_DISPATCH"},
    {60, "PR_PAC_SET_ENABLED_KEYS"},
    {61, "PR_PAC_GET_ENABLED_KEYS"},
    {62, "PR_SCHED_CORE"},
    {63, "PR_SME_SET_VL"},
    {64, "PR_SME_GET_VL"},
    {65, "PR_SET_MDWE"},
    {66, "PR_GET_MDWE"},
    {67, "PR_SET_MEMORY_MERGE"},
    {68, "PR_GET_MEMORY_MERGE"},
    {69, "PR_RISCV_V_SET_CONTROL"},
    {70, "PR_RISCV_V_GET_CONTROL"},
    {71, "PR_RISCV_SET_ICACHE_FLUSH_CTX"},
    {72, "PR_PPC_GET_DEXCR"},
    {73, "PR_PPC_SET_DEXCR"},
    {74, "PR_GET_SHADOW_STACK_STATUS"},
    {75, "PR_SET_SHADOW_STACK_STATUS"},
    {76, "PR_LOCK_SHADOW_STACK_STATUS"},
    {77, "PR_TIMER_CREATE_RESTORE_IDS"},
    {78, "PR_FUTEX_HASH"},
    {0x41555856, "PR_GET_AUXV"},
    {0x53564d41,
     "PR_SET_VMA",
     {"Names an anonymous mapping, for people who read maps.", "/proc/PID/maps: [anon:NAME].", ""}},
    {0x59616d61,
     "PR_SET_PTRACER",
     {"Which process may trace the caller, where Yama restricts ptrace.", "", ""}},
};

constexpr Constant kAmbient[] = {{1, "PR_CAP_AMBIENT_IS_SET"},
                                 {2, "PR_CAP_AMBIENT_RAISE"},
                                 {3, "PR_CAP_AMBIENT_LOWER"},
                                 {4, "PR_CAP_AMBIENT_CLEAR_ALL"}};

constexpr Constant kMm[] = {
    {1, "PR_SET_MM_START_CODE"}, {2, "PR_SET_MM_END_CODE"},    {3, "PR_SET_MM_START_DATA"},
    {4, "PR_SET_MM_END_DATA"},   {5, "PR_SET_MM_START_STACK"}, {6, "PR_SET_MM_START_BRK"},
    {7, "PR_SET_MM_BRK"},        {8, "PR_SET_MM_ARG_START"},   {9, "PR_SET_MM_ARG_END"},
    {10, "PR_SET_MM_ENV_START"}, {11, "PR_SET_MM_ENV_END"},    {12, "PR_SET_MM_AUXV"},
    {13, "PR_SET_MM_EXE_FILE"},  {14, "PR_SET_MM_MAP"},        {15, "PR_SET_MM_MAP_SIZE"}};

constexpr Constant kSpeculation[] = {
    {0, "PR_SPEC_STORE_BYPASS"}, {1, "PR_SPEC_INDIRECT_BRANCH"}, {2, "PR_SPEC_L1D_FLUSH"}};
constexpr Constant kSpecControl[] = {{0x1, "PR_SPEC_PRCTL"},
                                     {0x2, "PR_SPEC_ENABLE"},
                                     {0x4, "PR_SPEC_DISABLE"},
                                     {0x8, "PR_SPEC_FORCE_DISABLE"},
                                     {0x10, "PR_SPEC_DISABLE_NOEXEC"}};
constexpr Constant kMceKill[] = {{0, "PR_MCE_KILL_CLEAR"}, {1, "PR_MCE_KILL_SET"}};
constexpr Constant kMcePolicy[] = {
    {0, "PR_MCE_KILL_LATE"}, {1, "PR_MCE_KILL_EARLY"}, {2, "PR_MCE_KILL_DEFAULT"}};
constexpr Constant kTsc[] = {{1, "PR_TSC_ENABLE"}, {2, "PR_TSC_SIGSEGV"}};
constexpr Constant kMdwe[] = {{0x1, "PR_MDWE_REFUSE_EXEC_GAIN"}, {0x2, "PR_MDWE_NO_INHERIT"}};
constexpr Constant kSchedCore[] = {{0, "PR_SCHED_CORE_GET"},
                                   {1, "PR_SCHED_CORE_CREATE"},
                                   {2, "PR_SCHED_CORE_SHARE_TO"},
                                   {3, "PR_SCHED_CORE_SHARE_FROM"}};
constexpr Constant kDispatch[] = {
    {0, "PR_SYS_DISPATCH_OFF"}, {1, "PR_SYS_DISPATCH_ON"}, {2, "PR_SYS_DISPATCH_INCLUSIVE_ON"}};
constexpr Constant kVma[] = {{0, "PR_SET_VMA_ANON_NAME"}};
constexpr Constant kPtracer[] = {{0, "0"}, {~std::uint64_t{0}, "PR_SET_PTRACER_ANY"}};
constexpr Constant kDumpable[] = {
    {0,
     "SUID_DUMP_DISABLE",
     {"Not dumpable: /proc/PID belongs to root, no tracer without CAP_SYS_PTRACE.", "", ""}},
    {1, "SUID_DUMP_USER", {"Dumpable, the normal state.", "", ""}},
    {2,
     "SUID_DUMP_ROOT",
     {"Dumps only root can read; it cannot be asked for, only the kernel sets it.", "", ""}}};
constexpr Constant kTimerIds[] = {{0, "PR_TIMER_CREATE_RESTORE_IDS_OFF"},
                                  {1, "PR_TIMER_CREATE_RESTORE_IDS_ON"},
                                  {2, "PR_TIMER_CREATE_RESTORE_IDS_GET"}};
constexpr Constant kFutexHash[] = {{1, "PR_FUTEX_HASH_SET_SLOTS"}, {2, "PR_FUTEX_HASH_GET_SLOTS"}};
constexpr Constant kThp[] = {{0x2, "PR_THP_DISABLE_EXCEPT_ADVISED"}};

constexpr std::string_view kSource = "linux/prctl.h";
constexpr std::string_view kMan = "prctl(2)";

}  // namespace

const ConstantTable kPrctlOptions{"prctl options", kEnum, "PR_???", kSource, kMan, kOptions};
const ConstantTable kPrctlAmbient{
    "ambient operations", kEnum, "PR_CAP_AMBIENT_???", kSource, kMan, kAmbient};
const ConstantTable kPrctlMm{"memory layout fields", kEnum, "PR_SET_MM_???", kSource, kMan, kMm};
const ConstantTable kPrctlSpeculation{
    "speculation features", kEnum, "PR_SPEC_???", kSource, kMan, kSpeculation};
const ConstantTable kPrctlSpecControl{"speculation control", kFlags, "PR_SPEC_???", kSource, kMan,
                                      kSpecControl};
const ConstantTable kPrctlMceKill{
    "machine check operations", kEnum, "PR_MCE_KILL_???", kSource, kMan, kMceKill};
const ConstantTable kPrctlMcePolicy{
    "machine check policies", kEnum, "PR_MCE_KILL_???", kSource, kMan, kMcePolicy};
const ConstantTable kPrctlTsc{"timestamp counter modes", kEnum, "PR_TSC_???", kSource, kMan, kTsc};
const ConstantTable kPrctlMdwe{
    "memory-deny-write-execute", kFlags, "PR_MDWE_???", kSource, kMan, kMdwe};
const ConstantTable kPrctlSchedCore{
    "core scheduling operations", kEnum, "PR_SCHED_CORE_???", kSource, kMan, kSchedCore};
const ConstantTable kPrctlDispatch{
    "syscall dispatch modes", kEnum, "PR_SYS_DISPATCH_???", kSource, kMan, kDispatch};
const ConstantTable kPrctlVma{"mapping properties", kEnum, "PR_SET_VMA_???", kSource, kMan, kVma};
const ConstantTable kPrctlPtracer{"ptracers", kEnum, "", kSource, kMan, kPtracer};
const ConstantTable kPrctlDumpable{"dumpable values",        kEnum, "SUID_DUMP_???",
                                   "linux/sched/coredump.h", kMan,  kDumpable};
const ConstantTable kPrctlTimerIds{"timer id modes", kEnum, "PR_TIMER_CREATE_RESTORE_IDS_???",
                                   kSource,          kMan,  kTimerIds};
const ConstantTable kPrctlFutexHash{
    "futex hash operations", kEnum, "PR_FUTEX_HASH_???", kSource, kMan, kFutexHash};
const ConstantTable kPrctlThp{"huge page flags", kFlags, "PR_THP_???", kSource, kMan, kThp};

}  // namespace boxtrace::decoders
