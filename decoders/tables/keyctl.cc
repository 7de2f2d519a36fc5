// Keyrings. Sources: include/uapi/linux/keyctl.h; keyctl(2), keyrings(7).

#include "decoders/tables/keyctl.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kOperations[] = {
    {0, "KEYCTL_GET_KEYRING_ID"},
    {1,
     "KEYCTL_JOIN_SESSION_KEYRING",
     {"Gives the process a session keyring of its own, or one of that name.",
      "/proc/keys lists the keys that the reader may see.",
      "Keys are not in any namespace of their own: without this the container would share its "
      "maker's "
      "session keyring. EDQUOT means that this user has too many keys (kernel.keys.maxkeys), a "
      "usual surprise with hundreds of containers."}},
    {2, "KEYCTL_UPDATE"},
    {3, "KEYCTL_REVOKE"},
    {4, "KEYCTL_CHOWN"},
    {5, "KEYCTL_SETPERM", {"Who may do what with the key.", "", ""}},
    {6, "KEYCTL_DESCRIBE"},
    {7, "KEYCTL_CLEAR"},
    {8, "KEYCTL_LINK"},
    {9, "KEYCTL_UNLINK"},
    {10, "KEYCTL_SEARCH"},
    {11, "KEYCTL_READ"},
    {12, "KEYCTL_INSTANTIATE"},
    {13, "KEYCTL_NEGATE"},
    {14, "KEYCTL_SET_REQKEY_KEYRING"},
    {15, "KEYCTL_SET_TIMEOUT"},
    {16, "KEYCTL_ASSUME_AUTHORITY"},
    {17, "KEYCTL_GET_SECURITY"},
    {18, "KEYCTL_SESSION_TO_PARENT"},
    {19, "KEYCTL_REJECT"},
    {20, "KEYCTL_INSTANTIATE_IOV"},
    {21, "KEYCTL_INVALIDATE"},
    {22, "KEYCTL_GET_PERSISTENT"},
    {23, "KEYCTL_DH_COMPUTE"},
    {24, "KEYCTL_PKEY_QUERY"},
    {25, "KEYCTL_PKEY_ENCRYPT"},
    {26, "KEYCTL_PKEY_DECRYPT"},
    {27, "KEYCTL_PKEY_SIGN"},
    {28, "KEYCTL_PKEY_VERIFY"},
    {29, "KEYCTL_RESTRICT_KEYRING"},
    {30, "KEYCTL_MOVE"},
    {31, "KEYCTL_CAPABILITIES"},
    {32, "KEYCTL_WATCH_KEY"},
};

constexpr std::uint64_t minus(std::int64_t n) { return static_cast<std::uint64_t>(-n); }

constexpr Constant kSerials[] = {
    {minus(1), "KEY_SPEC_THREAD_KEYRING"},       {minus(2), "KEY_SPEC_PROCESS_KEYRING"},
    {minus(3), "KEY_SPEC_SESSION_KEYRING"},      {minus(4), "KEY_SPEC_USER_KEYRING"},
    {minus(5), "KEY_SPEC_USER_SESSION_KEYRING"}, {minus(6), "KEY_SPEC_GROUP_KEYRING"},
    {minus(7), "KEY_SPEC_REQKEY_AUTH_KEY"},      {minus(8), "KEY_SPEC_REQUESTOR_KEYRING"},
};

constexpr Constant kPermissions[] = {
    {0x01000000, "KEY_POS_VIEW"},   {0x02000000, "KEY_POS_READ"}, {0x04000000, "KEY_POS_WRITE"},
    {0x08000000, "KEY_POS_SEARCH"}, {0x10000000, "KEY_POS_LINK"}, {0x20000000, "KEY_POS_SETATTR"},
    {0x00010000, "KEY_USR_VIEW"},   {0x00020000, "KEY_USR_READ"}, {0x00040000, "KEY_USR_WRITE"},
    {0x00080000, "KEY_USR_SEARCH"}, {0x00100000, "KEY_USR_LINK"}, {0x00200000, "KEY_USR_SETATTR"},
    {0x00000100, "KEY_GRP_VIEW"},   {0x00000200, "KEY_GRP_READ"}, {0x00000400, "KEY_GRP_WRITE"},
    {0x00000800, "KEY_GRP_SEARCH"}, {0x00001000, "KEY_GRP_LINK"}, {0x00002000, "KEY_GRP_SETATTR"},
    {0x00000001, "KEY_OTH_VIEW"},   {0x00000002, "KEY_OTH_READ"}, {0x00000004, "KEY_OTH_WRITE"},
    {0x00000008, "KEY_OTH_SEARCH"}, {0x00000010, "KEY_OTH_LINK"}, {0x00000020, "KEY_OTH_SETATTR"},
};

constexpr Constant kDestinations[] = {
    {minus(1), "KEY_REQKEY_DEFL_NO_CHANGE"},     {0, "KEY_REQKEY_DEFL_DEFAULT"},
    {1, "KEY_REQKEY_DEFL_THREAD_KEYRING"},       {2, "KEY_REQKEY_DEFL_PROCESS_KEYRING"},
    {3, "KEY_REQKEY_DEFL_SESSION_KEYRING"},      {4, "KEY_REQKEY_DEFL_USER_KEYRING"},
    {5, "KEY_REQKEY_DEFL_USER_SESSION_KEYRING"}, {6, "KEY_REQKEY_DEFL_GROUP_KEYRING"},
    {7, "KEY_REQKEY_DEFL_REQUESTOR_KEYRING"},
};

constexpr std::string_view kSource = "linux/keyctl.h";

}  // namespace

const ConstantTable kKeyctlOperations{"keyctl operations", ConstantTable::Kind::Enum,
                                      "KEYCTL_???",        kSource,
                                      "keyctl(2)",         kOperations};
const ConstantTable kKeySerials{"special keys", ConstantTable::Kind::Enum, "", kSource, "keyctl(2)",
                                kSerials};
const ConstantTable kKeyPermissions{"key permissions", ConstantTable::Kind::Flags, "KEY_???",
                                    "linux/key.h",     "keyctl_setperm(3)",        kPermissions};
const ConstantTable kKeyDestinations{"request-key destinations",
                                     ConstantTable::Kind::Enum,
                                     "KEY_REQKEY_DEFL_???",
                                     kSource,
                                     "keyctl(2)",
                                     kDestinations};

}  // namespace boxtrace::decoders
