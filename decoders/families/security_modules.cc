// Landlock, by which a program confines itself, and what security modules say about a process.

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/families/pointee_args.h"
#include "decoders/structs.h"
#include "decoders/tables/landlock.h"

namespace boxtrace::decoders {
namespace {

constexpr FieldSpec kLandlockRuleset[] = {
    {"handled_access_fs", Width::W64, Show::Constant, &kLandlockAccessFs},
    {"handled_access_net", Width::W64, Show::Constant, &kLandlockAccessNet},
    {"scoped", Width::W64, Show::Constant, &kLandlockScopes},
};

/// struct landlock_ruleset_attr, whose size is the next argument.
Value arg_landlock_ruleset(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  const std::uint64_t size = word(context, static_cast<std::size_t>(arg.size_arg));
  return size == 0 ? Value{Pointer{address(context, index)}}
                   : decode_struct(context, address(context, index), kLandlockRuleset, size);
}

// Packed, but no field is out of place for it.
constexpr FieldSpec kLandlockPath[] = {
    {"allowed_access", Width::W64, Show::Constant, &kLandlockAccessFs},
    {"parent_fd", Width::W32, Show::DirFd},
};
constexpr FieldSpec kLandlockPort[] = {
    {"allowed_access", Width::W64, Show::Constant, &kLandlockAccessNet},
    {"port", Width::W64, Show::Unsigned},
};

/// The rule, by the type in argument 1.
Value arg_landlock_rule(const CallContext& context, const ArgSpec&, std::size_t index) {
  switch (low32(context, 1)) {
    case 1:  // LANDLOCK_RULE_PATH_BENEATH
      return decode_struct(context, address(context, index), kLandlockPath);
    case 2:  // LANDLOCK_RULE_NET_PORT
      return decode_struct(context, address(context, index), kLandlockPort);
    default:
      return Pointer{address(context, index)};
  }
}

constexpr SyscallSpec kRows[] = {
    {.name = "landlock_create_ruleset",
     .nr = {444, 444, 444},
     .classes = kFile,
     .args = {{{.name = "attr", .decode = arg_landlock_ruleset, .size_arg = 1},
               {"size", arg_size},
               {"flags", arg_constant, &kLandlockCreateFlags}}},
     .returns = Returns::Fd,
     .man = "landlock_create_ruleset(2)",
     .kernel = "security/landlock/syscalls.c: landlock_create_ruleset",
     .explain = {"Makes a set of rules that names the accesses it will deny unless allowed, or "
                 "returns the version of the interface."}},
    {.name = "landlock_add_rule",
     .nr = {445, 445, 445},
     .classes = kFile,
     .args = {{{"ruleset_fd", arg_fd},
               {"rule_type", arg_constant, &kLandlockRuleTypes},
               {"rule_attr", arg_landlock_rule},
               {"flags", arg_hex32}}},
     .man = "landlock_add_rule(2)",
     .kernel = "security/landlock/syscalls.c: landlock_add_rule",
     .explain = {"Allows accesses below a directory or to a network port in a set of rules."}},
    {.name = "landlock_restrict_self",
     .nr = {446, 446, 446},
     .classes = kFile,
     .args = {{{"ruleset_fd", arg_fd}, {"flags", arg_constant, &kLandlockRestrictFlags}}},
     .man = "landlock_restrict_self(2)",
     .kernel = "security/landlock/syscalls.c: landlock_restrict_self",
     .explain = {"Puts a set of rules in force for the thread and its future children, for good; "
                 "it needs no_new_privs or CAP_SYS_ADMIN."}},
    {.name = "lsm_get_self_attr",
     .nr = {459, 459, 459},
     .classes = kInfo,
     .args = {{{"attr", arg_constant, &kLsmAttributes},
               {.name = "ctx", .decode = arg_pointer, .direction = Direction::Out},
               {.name = "size", .decode = arg_unsigned_at, .direction = Direction::InOut},
               {"flags", arg_constant, &kLsmFlags}}},
     .returns = Returns::Number,
     .man = "none",
     .kernel = "security/lsm_syscalls.c: lsm_get_self_attr",
     .explain = {"Reads an attribute, such as the current label, that each security module keeps "
                 "for the caller."}},
    {.name = "lsm_set_self_attr",
     .nr = {460, 460, 460},
     .classes = kCreds,
     .args = {{{"attr", arg_constant, &kLsmAttributes},
               {"ctx", arg_pointer},
               {"size", arg_unsigned},
               {"flags", arg_hex32}}},
     .man = "none",
     .kernel = "security/lsm_syscalls.c: lsm_set_self_attr",
     .explain = {"Sets an attribute that a security module keeps for the caller, such as the label "
                 "for the next execve."}},
    {.name = "lsm_list_modules",
     .nr = {461, 461, 461},
     .classes = kInfo,
     .args = {{{.name = "ids", .decode = arg_pointer, .direction = Direction::Out},
               {.name = "size", .decode = arg_unsigned_at, .direction = Direction::InOut},
               {"flags", arg_hex32}}},
     .returns = Returns::Number,
     .man = "none",
     .kernel = "security/lsm_syscalls.c: lsm_list_modules",
     .explain = {"Lists the identifiers of the active security modules."}},
};

}  // namespace

const std::span<const SyscallSpec> kSecurityModuleSyscalls{kRows};

}  // namespace boxtrace::decoders
