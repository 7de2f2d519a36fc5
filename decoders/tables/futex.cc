// Operations on futexes: a command in the low bits, two flags above.

#include "decoders/tables/futex.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kFutexOpsRows[] = {
    {.value = 0,
     .name = "FUTEX_WAIT",
     .explain = {"Sleep if the word still holds the expected value."},
     .mask = 0x7f},
    {.value = 1, .name = "FUTEX_WAKE", .explain = {"Wake up to so many sleepers."}, .mask = 0x7f},
    {.value = 2, .name = "FUTEX_FD", .mask = 0x7f},
    {.value = 3, .name = "FUTEX_REQUEUE", .mask = 0x7f},
    {.value = 4, .name = "FUTEX_CMP_REQUEUE", .mask = 0x7f},
    {.value = 5, .name = "FUTEX_WAKE_OP", .mask = 0x7f},
    {.value = 6, .name = "FUTEX_LOCK_PI", .mask = 0x7f},
    {.value = 7, .name = "FUTEX_UNLOCK_PI", .mask = 0x7f},
    {.value = 8, .name = "FUTEX_TRYLOCK_PI", .mask = 0x7f},
    {.value = 9,
     .name = "FUTEX_WAIT_BITSET",
     .explain = {"Like FUTEX_WAIT, with an absolute timeout and a mask of who may wake."},
     .mask = 0x7f},
    {.value = 10, .name = "FUTEX_WAKE_BITSET", .mask = 0x7f},
    {.value = 11, .name = "FUTEX_WAIT_REQUEUE_PI", .mask = 0x7f},
    {.value = 12, .name = "FUTEX_CMP_REQUEUE_PI", .mask = 0x7f},
    {.value = 13, .name = "FUTEX_LOCK_PI2", .mask = 0x7f},
    {128,
     "FUTEX_PRIVATE_FLAG",
     {"The word is not shared with other processes, so the kernel can look it up faster."}},
    {256, "FUTEX_CLOCK_REALTIME"},
};

constexpr Constant kFutex2FlagsRows[] = {
    {.value = 0, .name = "FUTEX2_SIZE_U8", .mask = 3},
    {.value = 1, .name = "FUTEX2_SIZE_U16", .mask = 3},
    {.value = 2, .name = "FUTEX2_SIZE_U32", .mask = 3},
    {.value = 3, .name = "FUTEX2_SIZE_U64", .mask = 3},
    {4, "FUTEX2_NUMA"},
    {8, "FUTEX2_MPOL"},
    {128, "FUTEX2_PRIVATE"},
};

constexpr Constant kRseqFlagsRows[] = {
    {1, "RSEQ_FLAG_UNREGISTER", {"Take the thread's area out of use."}},
};

}  // namespace

const ConstantTable kFutexOps{"futex operations", ConstantTable::Kind::Flags,
                              "FUTEX_???",        "linux/futex.h",
                              "futex(2)",         kFutexOpsRows};
const ConstantTable kFutex2Flags{"futex2 flags", ConstantTable::Kind::Flags,
                                 "FUTEX2_???",   "linux/futex.h",
                                 "none",         kFutex2FlagsRows};
const ConstantTable kRseqFlags{"rseq flags",    ConstantTable::Kind::Flags,
                               "RSEQ_FLAG_???", "linux/rseq.h",
                               "none",          kRseqFlagsRows};

}  // namespace boxtrace::decoders
