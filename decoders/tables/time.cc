// Clocks and timers. A negative clock number is a process's processor time or a clock descriptor.
// Sources: linux/time.h, linux/timerfd.h, linux/resource.h.

#include "decoders/tables/time.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kClockIdsRows[] = {
    {0, "CLOCK_REALTIME", {"The wall clock: one for all containers of a machine."}},
    {1, "CLOCK_MONOTONIC", {"Time since some point that never jumps; a time namespace shifts it."}},
    {2, "CLOCK_PROCESS_CPUTIME_ID"},
    {3, "CLOCK_THREAD_CPUTIME_ID"},
    {4, "CLOCK_MONOTONIC_RAW"},
    {5, "CLOCK_REALTIME_COARSE"},
    {6, "CLOCK_MONOTONIC_COARSE"},
    {7,
     "CLOCK_BOOTTIME",
     {"Like CLOCK_MONOTONIC, with the time of suspension; a time namespace shifts it."}},
    {8, "CLOCK_REALTIME_ALARM"},
    {9, "CLOCK_BOOTTIME_ALARM"},
    {10, "CLOCK_SGI_CYCLE"},
    {11, "CLOCK_TAI"},
};

constexpr Constant kTimerFlagsRows[] = {
    {1, "TIMER_ABSTIME", {"The time is a moment of the clock, not a length."}},
};

constexpr Constant kTimerfdCreateFlagsRows[] = {
    {0x800, "TFD_NONBLOCK"},
    {0x80000, "TFD_CLOEXEC"},
};

constexpr Constant kTimerfdSettimeFlagsRows[] = {
    {1, "TFD_TIMER_ABSTIME"},
    {2, "TFD_TIMER_CANCEL_ON_SET"},
};

constexpr Constant kItimersRows[] = {
    {0, "ITIMER_REAL"},
    {1, "ITIMER_VIRTUAL"},
    {2, "ITIMER_PROF"},
};

constexpr Constant kRusageWhoRows[] = {
    {0, "RUSAGE_SELF"},
    {1, "RUSAGE_THREAD"},
    {~std::uint64_t{0}, "RUSAGE_CHILDREN", {"Children that have ended and been waited for."}},
};

constexpr Constant kUtimeNanosecondsRows[] = {
    {0x3fffffff, "UTIME_NOW", {"The time is now."}},
    {0x3ffffffe, "UTIME_OMIT", {"Leave this time as it is."}},
};

}  // namespace

const ConstantTable kClockIds{"clocks",       ConstantTable::Kind::Enum, "CLOCK_???",
                              "linux/time.h", "clock_gettime(2)",        kClockIdsRows};
const ConstantTable kTimerFlags{"timer flags",  ConstantTable::Kind::Flags, "TIMER_???",
                                "linux/time.h", "timer_settime(2)",         kTimerFlagsRows};
const ConstantTable kTimerfdCreateFlags{
    "timerfd_create flags", ConstantTable::Kind::Flags, "TFD_???",
    "linux/timerfd.h",      "timerfd_create(2)",        kTimerfdCreateFlagsRows};
const ConstantTable kTimerfdSettimeFlags{"timerfd_settime flags", ConstantTable::Kind::Flags,
                                         "TFD_TIMER_???",         "linux/timerfd.h",
                                         "timerfd_create(2)",     kTimerfdSettimeFlagsRows};
const ConstantTable kItimers{"interval timers", ConstantTable::Kind::Enum,
                             "ITIMER_???",      "linux/time.h",
                             "getitimer(2)",    kItimersRows};
const ConstantTable kRusageWho{"who getrusage counts", ConstantTable::Kind::Enum,
                               "RUSAGE_???",           "linux/resource.h",
                               "getrusage(2)",         kRusageWhoRows};
const ConstantTable kUtimeNanoseconds{"special nanoseconds of utimensat",
                                      ConstantTable::Kind::Enum,
                                      "UTIME_???",
                                      "linux/stat.h",
                                      "utimensat(2)",
                                      kUtimeNanosecondsRows};

}  // namespace boxtrace::decoders
