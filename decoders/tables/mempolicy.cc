// NUMA policies: a mode, with flags in its high bits, and the flags of the calls that set or ask.

#include "decoders/tables/mempolicy.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kMempolicyModesRows[] = {
    {.value = 0, .name = "MPOL_DEFAULT", .mask = 0xff},
    {.value = 1, .name = "MPOL_PREFERRED", .mask = 0xff},
    {.value = 2, .name = "MPOL_BIND", .explain = {"Allocate from these nodes only."}, .mask = 0xff},
    {.value = 3,
     .name = "MPOL_INTERLEAVE",
     .explain = {"Allocate from these nodes in turn."},
     .mask = 0xff},
    {.value = 4,
     .name = "MPOL_LOCAL",
     .explain = {"Allocate from the node of the processor."},
     .mask = 0xff},
    {.value = 5, .name = "MPOL_PREFERRED_MANY", .mask = 0xff},
    {.value = 6, .name = "MPOL_WEIGHTED_INTERLEAVE", .mask = 0xff},
    {0x8000, "MPOL_F_STATIC_NODES"},
    {0x4000, "MPOL_F_RELATIVE_NODES"},
    {0x2000, "MPOL_F_NUMA_BALANCING"},
};

constexpr Constant kMbindFlagsRows[] = {
    {1, "MPOL_MF_STRICT"},
    {2, "MPOL_MF_MOVE", {"Move pages that the process alone uses."}},
    {4, "MPOL_MF_MOVE_ALL", {"Move shared pages too; needs CAP_SYS_NICE."}},
};

constexpr Constant kGetMempolicyFlagsRows[] = {
    {1, "MPOL_F_NODE"},
    {2, "MPOL_F_ADDR"},
    {4, "MPOL_F_MEMS_ALLOWED", {"Tell which nodes the cpuset allows."}},
};

}  // namespace

const ConstantTable kMempolicyModes{"memory policies",  ConstantTable::Kind::Flags,
                                    "MPOL_???",         "linux/mempolicy.h",
                                    "set_mempolicy(2)", kMempolicyModesRows};
const ConstantTable kMbindFlags{"page moving flags", ConstantTable::Kind::Flags,
                                "MPOL_MF_???",       "linux/mempolicy.h",
                                "mbind(2)",          kMbindFlagsRows};
const ConstantTable kGetMempolicyFlags{"get_mempolicy flags", ConstantTable::Kind::Flags,
                                       "MPOL_F_???",          "linux/mempolicy.h",
                                       "get_mempolicy(2)",    kGetMempolicyFlagsRows};

}  // namespace boxtrace::decoders
