// Scheduling policies, priorities, compatibility personalities.
// Sources: linux/sched.h, linux/sched/types.h, linux/resource.h, linux/ioprio.h,
// linux/personality.h.

#include "decoders/tables/scheduling.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kSchedPoliciesRows[] = {
    {.value = 0,
     .name = "SCHED_OTHER",
     .explain = {"The ordinary policy: fair shares."},
     .mask = 0xff},
    {.value = 1,
     .name = "SCHED_FIFO",
     .explain = {"Real time, until it waits or yields."},
     .mask = 0xff},
    {.value = 2, .name = "SCHED_RR", .explain = {"Real time, in turns."}, .mask = 0xff},
    {.value = 3, .name = "SCHED_BATCH", .mask = 0xff},
    {.value = 4, .name = "SCHED_ISO", .mask = 0xff},
    {.value = 5, .name = "SCHED_IDLE", .mask = 0xff},
    {.value = 6, .name = "SCHED_DEADLINE", .mask = 0xff},
    {.value = 7,
     .name = "SCHED_EXT",
     .explain = {"A policy that a BPF program implements."},
     .mask = 0xff},
    {0x40000000, "SCHED_RESET_ON_FORK"},
};

constexpr Constant kSchedAttrFlagsRows[] = {
    {1, "SCHED_FLAG_RESET_ON_FORK"},     {2, "SCHED_FLAG_RECLAIM"},
    {4, "SCHED_FLAG_DL_OVERRUN"},        {8, "SCHED_FLAG_KEEP_POLICY"},
    {0x10, "SCHED_FLAG_KEEP_PARAMS"},    {0x20, "SCHED_FLAG_UTIL_CLAMP_MIN"},
    {0x40, "SCHED_FLAG_UTIL_CLAMP_MAX"},
};

constexpr Constant kPriorityWhichRows[] = {
    {0, "PRIO_PROCESS"},
    {1, "PRIO_PGRP"},
    {2, "PRIO_USER"},
};

constexpr Constant kIoprioWhichRows[] = {
    {1, "IOPRIO_WHO_PROCESS"},
    {2, "IOPRIO_WHO_PGRP"},
    {3, "IOPRIO_WHO_USER"},
};

constexpr Constant kIoprioClassesRows[] = {
    {0, "IOPRIO_CLASS_NONE"},
    {1, "IOPRIO_CLASS_RT"},
    {2, "IOPRIO_CLASS_BE"},
    {3, "IOPRIO_CLASS_IDLE"},
};

constexpr Constant kPersonalitiesRows[] = {
    {.value = 0, .name = "PER_LINUX", .mask = 0xff},
    {.value = 1, .name = "PER_SVR4", .mask = 0xff},
    {.value = 2, .name = "PER_SVR3", .mask = 0xff},
    {.value = 3, .name = "PER_SCOSVR3", .mask = 0xff},
    {.value = 4, .name = "PER_WYSEV386", .mask = 0xff},
    {.value = 5, .name = "PER_ISCR4", .mask = 0xff},
    {.value = 6, .name = "PER_BSD", .mask = 0xff},
    {.value = 7, .name = "PER_XENIX", .mask = 0xff},
    {.value = 8,
     .name = "PER_LINUX32",
     .explain = {"uname says i686; runtimes set it for 32-bit images."},
     .mask = 0xff},
    {.value = 9, .name = "PER_IRIX32", .mask = 0xff},
    {.value = 0xa, .name = "PER_IRIXN32", .mask = 0xff},
    {.value = 0xb, .name = "PER_IRIX64", .mask = 0xff},
    {.value = 0xc, .name = "PER_RISCOS", .mask = 0xff},
    {.value = 0xd, .name = "PER_SOLARIS", .mask = 0xff},
    {.value = 0xe, .name = "PER_UW7", .mask = 0xff},
    {.value = 0xf, .name = "PER_OSF4", .mask = 0xff},
    {.value = 0x10, .name = "PER_HPUX", .mask = 0xff},
    {0x20000, "UNAME26"},
    {0x40000, "ADDR_NO_RANDOMIZE", {"The address space is laid out the same way in every run."}},
    {0x80000, "FDPIC_FUNCPTRS"},
    {0x100000, "MMAP_PAGE_ZERO"},
    {0x200000, "ADDR_COMPAT_LAYOUT"},
    {0x400000, "READ_IMPLIES_EXEC"},
    {0x800000, "ADDR_LIMIT_32BIT"},
    {0x1000000, "SHORT_INODE"},
    {0x2000000, "WHOLE_SECONDS"},
    {0x4000000, "STICKY_TIMEOUTS"},
    {0x8000000, "ADDR_LIMIT_3GB"},
};

}  // namespace

const ConstantTable kSchedPolicies{
    "scheduling policies", ConstantTable::Kind::Flags, "SCHED_???", "linux/sched.h", "sched(7)",
    kSchedPoliciesRows};
const ConstantTable kSchedAttrFlags{"sched_attr flags", ConstantTable::Kind::Flags,
                                    "SCHED_FLAG_???",   "linux/sched.h",
                                    "sched_setattr(2)", kSchedAttrFlagsRows};
const ConstantTable kPriorityWhich{"whose niceness", ConstantTable::Kind::Enum,
                                   "PRIO_???",       "linux/resource.h",
                                   "getpriority(2)", kPriorityWhichRows};
const ConstantTable kIoprioWhich{"whose I/O priority", ConstantTable::Kind::Enum, "IOPRIO_WHO_???",
                                 "linux/ioprio.h",     "ioprio_set(2)",           kIoprioWhichRows};
const ConstantTable kIoprioClasses{"I/O classes",    ConstantTable::Kind::Enum, "IOPRIO_CLASS_???",
                                   "linux/ioprio.h", "ioprio_set(2)",           kIoprioClassesRows};
const ConstantTable kPersonalities{"personalities",  ConstantTable::Kind::Flags,
                                   "PER_???",        "linux/personality.h",
                                   "personality(2)", kPersonalitiesRows};

}  // namespace boxtrace::decoders
