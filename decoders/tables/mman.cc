// Protections, mapping flags, advice and locks of the address space.
// Sources: linux/mman.h, asm-generic/mman-common.h, asm/mman.h (MAP_32BIT and MAP_ABOVE4G are x86's
// own).

#include "decoders/tables/mman.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kMmapProtRows[] = {
    {0, "PROT_NONE", {"No access at all: guard pages and reserved address space."}},
    {1, "PROT_READ"},
    {2, "PROT_WRITE"},
    {4, "PROT_EXEC"},
    {8, "PROT_SEM"},
    {0x01000000,
     "PROT_GROWSDOWN",
     {"Extend the change to the start of a mapping that grows down."}},
    {0x02000000, "PROT_GROWSUP"},
};

constexpr Constant kMmapFlagsRows[] = {
    {.value = 1,
     .name = "MAP_SHARED",
     .explain = {"Writes are seen by every process that maps the file, and reach the file."},
     .mask = 0xf},
    {.value = 2,
     .name = "MAP_PRIVATE",
     .explain = {"Writes go to private copies of the pages; neither the file nor other processes "
                 "see them."},
     .mask = 0xf},
    {.value = 3,
     .name = "MAP_SHARED_VALIDATE",
     .explain = {"Like MAP_SHARED, but unknown flags are refused instead of ignored."},
     .mask = 0xf},
    {.value = 8,
     .name = "MAP_DROPPABLE",
     .explain = {"Pages may vanish under memory pressure and read as zero afterwards."},
     .mask = 0xf},
    {0x10, "MAP_FIXED", {"Map at exactly this address, silently replacing what is there."}},
    {0x20, "MAP_ANONYMOUS", {"Zero pages, no file; fd is ignored and should be -1."}},
    {0x40, "MAP_32BIT", {"Put the mapping into the first 2 GiB. x86 only."}},
    {0x80, "MAP_ABOVE4G", {"Put the mapping above 4 GiB. x86 only."}},
    {0x100, "MAP_GROWSDOWN", {"For stacks: extend downwards when the page below is touched."}},
    {0x800, "MAP_DENYWRITE"},
    {0x1000, "MAP_EXECUTABLE"},
    {0x2000, "MAP_LOCKED", {"Fault in the pages and keep them resident."}},
    {0x4000, "MAP_NORESERVE", {"Do not count the mapping against the commit limit."}},
    {0x8000, "MAP_POPULATE", {"Fault in all pages now."}},
    {0x10000, "MAP_NONBLOCK"},
    {0x20000, "MAP_STACK", {"A hint without effect; the C library sets it for thread stacks."}},
    {0x40000, "MAP_HUGETLB", {"Use huge pages; their size is in bits 26 to 31."}},
    {0x80000, "MAP_SYNC"},
    {0x100000,
     "MAP_FIXED_NOREPLACE",
     {"Map at exactly this address, or fail with EEXIST if something is there."}},
    {0x4000000, "MAP_UNINITIALIZED"},
};

constexpr Constant kMremapFlagsRows[] = {
    {1, "MREMAP_MAYMOVE", {"The kernel may move the mapping if it cannot grow in place."}},
    {2, "MREMAP_FIXED", {"Move to exactly the new address."}},
    {4, "MREMAP_DONTUNMAP", {"Leave an empty mapping at the old address."}},
};

constexpr Constant kMsyncFlagsRows[] = {
    {1, "MS_ASYNC"},
    {2, "MS_INVALIDATE"},
    {4, "MS_SYNC", {"Wait until the file is written."}},
};

constexpr Constant kMlockallFlagsRows[] = {
    {1, "MCL_CURRENT", {"All pages that are mapped now."}},
    {2, "MCL_FUTURE", {"All pages that will be mapped."}},
    {4, "MCL_ONFAULT", {"Lock a page only when it is first used."}},
};

constexpr Constant kMlock2FlagsRows[] = {
    {1, "MLOCK_ONFAULT", {"Lock a page only when it is first used."}},
};

constexpr Constant kMadviseAdviceRows[] = {
    {0, "MADV_NORMAL"},
    {1, "MADV_RANDOM"},
    {2, "MADV_SEQUENTIAL"},
    {3, "MADV_WILLNEED"},
    {4, "MADV_DONTNEED", {"Drops the pages now: private ones read as zero afterwards."}},
    {8,
     "MADV_FREE",
     {"The pages may be dropped when memory is short; until written again their content is "
      "undefined."}},
    {9, "MADV_REMOVE", {"Punches a hole into the file behind the mapping."}},
    {10, "MADV_DONTFORK", {"A child made by fork does not get these pages."}},
    {11, "MADV_DOFORK"},
    {12, "MADV_MERGEABLE", {"Identical pages of processes may be merged by KSM."}},
    {13, "MADV_UNMERGEABLE"},
    {14, "MADV_HUGEPAGE"},
    {15,
     "MADV_NOHUGEPAGE",
     {"The Go runtime and memory allocators use it to keep small heaps small."}},
    {16, "MADV_DONTDUMP", {"Leave these pages out of core dumps."}},
    {17, "MADV_DODUMP"},
    {18, "MADV_WIPEONFORK", {"A child made by fork sees zeroes here."}},
    {19, "MADV_KEEPONFORK"},
    {20, "MADV_COLD"},
    {21, "MADV_PAGEOUT"},
    {22, "MADV_POPULATE_READ"},
    {23, "MADV_POPULATE_WRITE"},
    {24, "MADV_DONTNEED_LOCKED"},
    {25, "MADV_COLLAPSE", {"Replace the pages by huge ones now."}},
    {100, "MADV_HWPOISON"},
    {101, "MADV_SOFT_OFFLINE"},
    {102,
     "MADV_GUARD_INSTALL",
     {"Any access to these pages raises SIGSEGV, without a mapping of its own."}},
    {103, "MADV_GUARD_REMOVE"},
};

constexpr Constant kPkeyRightsRows[] = {
    {1, "PKEY_DISABLE_ACCESS"},
    {2, "PKEY_DISABLE_WRITE"},
};

constexpr Constant kMemfdSecretFlagsRows[] = {
    {0x80000, "O_CLOEXEC", {"The descriptor is closed by execve."}},
};

constexpr Constant kShadowStackFlagsRows[] = {
    {1, "SHADOW_STACK_SET_TOKEN", {"Put a restore token at the top of the stack."}},
    {2, "SHADOW_STACK_SET_MARKER", {"Put a marker for the end of the stack at its top."}},
};

constexpr Constant kMembarrierCommandsRows[] = {
    {0, "MEMBARRIER_CMD_QUERY", {"Returns the commands that this kernel has."}},
    {1, "MEMBARRIER_CMD_GLOBAL"},
    {2, "MEMBARRIER_CMD_GLOBAL_EXPEDITED"},
    {4, "MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED"},
    {8, "MEMBARRIER_CMD_PRIVATE_EXPEDITED"},
    {16, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED"},
    {32, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE"},
    {64, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE"},
    {128, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ"},
    {256, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ"},
    {512, "MEMBARRIER_CMD_GET_REGISTRATIONS"},
};

constexpr Constant kMembarrierFlagsRows[] = {
    {1, "MEMBARRIER_CMD_FLAG_CPU"},
};

constexpr Constant kUserfaultfdFlagsRows[] = {
    {1,
     "UFFD_USER_MODE_ONLY",
     {"Handle faults of user code only; without privilege nothing else is allowed."}},
    {0x800, "O_NONBLOCK"},
    {0x80000, "O_CLOEXEC"},
};

}  // namespace

const ConstantTable kMmapProt{"memory protections",
                              ConstantTable::Kind::Flags,
                              "PROT_???",
                              "asm-generic/mman-common.h",
                              "mmap(2)",
                              kMmapProtRows};
const ConstantTable kMmapFlags{"mapping flags", ConstantTable::Kind::Flags,
                               "MAP_???",       "linux/mman.h",
                               "mmap(2)",       kMmapFlagsRows};
const ConstantTable kMremapFlags{"mremap flags", ConstantTable::Kind::Flags,
                                 "MREMAP_???",   "linux/mman.h",
                                 "mremap(2)",    kMremapFlagsRows};
const ConstantTable kMsyncFlags{"msync flags", ConstantTable::Kind::Flags,
                                "MS_???",      "asm-generic/mman-common.h",
                                "msync(2)",    kMsyncFlagsRows};
const ConstantTable kMlockallFlags{"mlockall flags", ConstantTable::Kind::Flags,
                                   "MCL_???",        "asm-generic/mman.h",
                                   "mlock(2)",       kMlockallFlagsRows};
const ConstantTable kMlock2Flags{"mlock2 flags", ConstantTable::Kind::Flags,
                                 "MLOCK_???",    "asm-generic/mman-common.h",
                                 "mlock(2)",     kMlock2FlagsRows};
const ConstantTable kMadviseAdvice{"memory advice", ConstantTable::Kind::Enum,
                                   "MADV_???",      "asm-generic/mman-common.h",
                                   "madvise(2)",    kMadviseAdviceRows};
const ConstantTable kPkeyRights{"protection key rights",
                                ConstantTable::Kind::Flags,
                                "PKEY_???",
                                "asm-generic/mman-common.h",
                                "pkey_alloc(2)",
                                kPkeyRightsRows};
const ConstantTable kMemfdSecretFlags{
    "memfd_secret flags", ConstantTable::Kind::Flags, "FD_???",
    "linux/secretmem.h",  "memfd_secret(2)",          kMemfdSecretFlagsRows};
const ConstantTable kShadowStackFlags{
    "shadow stack flags", ConstantTable::Kind::Flags, "SHADOW_STACK_???", "asm/mman.h", "none",
    kShadowStackFlagsRows};
const ConstantTable kMembarrierCommands{"membarrier commands", ConstantTable::Kind::Enum,
                                        "MEMBARRIER_CMD_???",  "linux/membarrier.h",
                                        "membarrier(2)",       kMembarrierCommandsRows};
const ConstantTable kMembarrierFlags{"membarrier flags",        ConstantTable::Kind::Flags,
                                     "MEMBARRIER_CMD_FLAG_???", "linux/membarrier.h",
                                     "membarrier(2)",           kMembarrierFlagsRows};
const ConstantTable kUserfaultfdFlags{"userfaultfd flags", ConstantTable::Kind::Flags,
                                      "UFFD_???",          "linux/userfaultfd.h",
                                      "userfaultfd(2)",    kUserfaultfdFlagsRows};

}  // namespace boxtrace::decoders
