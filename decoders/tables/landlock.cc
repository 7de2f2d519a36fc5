// Landlock rights and flags, and the attributes of security modules.
// Sources: linux/landlock.h, linux/lsm.h; landlock(7), Documentation/userspace-api/landlock.rst.

#include "decoders/tables/landlock.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kLandlockCreateFlagsRows[] = {
    {1, "LANDLOCK_CREATE_RULESET_VERSION", {"Only return the version of the interface."}},
    {2, "LANDLOCK_CREATE_RULESET_ERRATA", {"Only return which errata are fixed."}},
};

constexpr Constant kLandlockRuleTypesRows[] = {
    {1, "LANDLOCK_RULE_PATH_BENEATH"},
    {2, "LANDLOCK_RULE_NET_PORT"},
};

constexpr Constant kLandlockRestrictFlagsRows[] = {
    {1, "LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF"},
    {2, "LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON"},
    {4, "LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF"},
};

constexpr Constant kLandlockAccessFsRows[] = {
    {1, "LANDLOCK_ACCESS_FS_EXECUTE"},
    {2, "LANDLOCK_ACCESS_FS_WRITE_FILE"},
    {4, "LANDLOCK_ACCESS_FS_READ_FILE"},
    {8, "LANDLOCK_ACCESS_FS_READ_DIR"},
    {0x10, "LANDLOCK_ACCESS_FS_REMOVE_DIR"},
    {0x20, "LANDLOCK_ACCESS_FS_REMOVE_FILE"},
    {0x40, "LANDLOCK_ACCESS_FS_MAKE_CHAR"},
    {0x80, "LANDLOCK_ACCESS_FS_MAKE_DIR"},
    {0x100, "LANDLOCK_ACCESS_FS_MAKE_REG"},
    {0x200, "LANDLOCK_ACCESS_FS_MAKE_SOCK"},
    {0x400, "LANDLOCK_ACCESS_FS_MAKE_FIFO"},
    {0x800, "LANDLOCK_ACCESS_FS_MAKE_BLOCK"},
    {0x1000, "LANDLOCK_ACCESS_FS_MAKE_SYM"},
    {0x2000,
     "LANDLOCK_ACCESS_FS_REFER",
     {"Link or move files to another directory; denied by default even when not named."}},
    {0x4000, "LANDLOCK_ACCESS_FS_TRUNCATE"},
    {0x8000, "LANDLOCK_ACCESS_FS_IOCTL_DEV"},
};

constexpr Constant kLandlockAccessNetRows[] = {
    {1, "LANDLOCK_ACCESS_NET_BIND_TCP"},
    {2, "LANDLOCK_ACCESS_NET_CONNECT_TCP"},
};

constexpr Constant kLandlockScopesRows[] = {
    {1, "LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET"},
    {2, "LANDLOCK_SCOPE_SIGNAL"},
};

constexpr Constant kLsmAttributesRows[] = {
    {0, "LSM_ATTR_UNDEF"},        {100, "LSM_ATTR_CURRENT"},   {101, "LSM_ATTR_EXEC"},
    {102, "LSM_ATTR_FSCREATE"},   {103, "LSM_ATTR_KEYCREATE"}, {104, "LSM_ATTR_PREV"},
    {105, "LSM_ATTR_SOCKCREATE"},
};

constexpr Constant kLsmFlagsRows[] = {
    {1, "LSM_FLAG_SINGLE"},
};

}  // namespace

const ConstantTable kLandlockCreateFlags{
    "landlock_create_ruleset flags", ConstantTable::Kind::Flags,
    "LANDLOCK_CREATE_RULESET_???",   "linux/landlock.h",
    "landlock_create_ruleset(2)",    kLandlockCreateFlagsRows};
const ConstantTable kLandlockRuleTypes{"landlock rule types",  ConstantTable::Kind::Enum,
                                       "LANDLOCK_RULE_???",    "linux/landlock.h",
                                       "landlock_add_rule(2)", kLandlockRuleTypesRows};
const ConstantTable kLandlockRestrictFlags{
    "landlock_restrict_self flags", ConstantTable::Kind::Flags,
    "LANDLOCK_RESTRICT_SELF_???",   "linux/landlock.h",
    "landlock_restrict_self(2)",    kLandlockRestrictFlagsRows};
const ConstantTable kLandlockAccessFs{"landlock file rights",
                                      ConstantTable::Kind::Flags,
                                      "LANDLOCK_ACCESS_FS_???",
                                      "linux/landlock.h",
                                      "landlock(7)",
                                      kLandlockAccessFsRows};
const ConstantTable kLandlockAccessNet{"landlock network rights",
                                       ConstantTable::Kind::Flags,
                                       "LANDLOCK_ACCESS_NET_???",
                                       "linux/landlock.h",
                                       "landlock(7)",
                                       kLandlockAccessNetRows};
const ConstantTable kLandlockScopes{"landlock scopes",    ConstantTable::Kind::Flags,
                                    "LANDLOCK_SCOPE_???", "linux/landlock.h",
                                    "landlock(7)",        kLandlockScopesRows};
const ConstantTable kLsmAttributes{
    "security attributes", ConstantTable::Kind::Enum, "LSM_ATTR_???", "linux/lsm.h", "none",
    kLsmAttributesRows};
const ConstantTable kLsmFlags{"lsm_get_self_attr flags",
                              ConstantTable::Kind::Flags,
                              "LSM_FLAG_???",
                              "linux/lsm.h",
                              "none",
                              kLsmFlagsRows};

}  // namespace boxtrace::decoders
