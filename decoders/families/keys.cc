// Keyrings: keys that the kernel holds for processes, users and sessions. A runtime gives each
// container a session keyring of its own, named after the container.
//
// Sources: security/keys/keyctl.c; keyctl(2), keyrings(7).

#include <algorithm>

#include "decoders/args.h"
#include "decoders/by_option.h"
#include "decoders/families/families.h"
#include "decoders/structs.h"
#include "decoders/tables/keyctl.h"

namespace boxtrace::decoders {
namespace {

/// A key id: a special one by name, others as numbers.
Value arg_key(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  const Value special = decode_number(Show::Constant, low32(context, index), 32, &kKeySerials);
  return special.as<Symbol>()->name.empty() ? arg_int(context, arg, index) : special;
}

constexpr auto kOut = Direction::Out;

constexpr OptionArgs kOperations[] = {
    {0, {{{"id", arg_key}, {"create", arg_int}}}},
    {1, {{{"name", arg_string}}}},
    {2, {{{"id", arg_key}, {"payload", arg_buffer, nullptr, 3}, {"length", arg_size}}}},
    {3, {{{"id", arg_key}}}},
    {4, {{{"id", arg_key}, {"uid", arg_id}, {"gid", arg_id}}}},
    {5, {{{"id", arg_key}, {"perm", arg_constant, &kKeyPermissions}}}},
    {6, {{{"id", arg_key}, {"buffer", arg_buffer, nullptr, 3, kOut}, {"length", arg_size}}}},
    {7, {{{"keyring", arg_key}}}},
    {8, {{{"id", arg_key}, {"keyring", arg_key}}}},
    {9, {{{"id", arg_key}, {"keyring", arg_key}}}},
    {10,
     {{{"keyring", arg_key}, {"type", arg_string}, {"description", arg_string}, {"to", arg_key}}}},
    {11, {{{"id", arg_key}, {"buffer", arg_pointer}, {"length", arg_size}}}},
    {12, {{{"id", arg_key}, {"payload", arg_pointer}, {"length", arg_size}, {"keyring", arg_key}}}},
    {13, {{{"id", arg_key}, {"timeout", arg_unsigned}, {"keyring", arg_key}}}},
    {14, {{{"keyring", arg_constant, &kKeyDestinations}}}},
    {15, {{{"id", arg_key}, {"timeout", arg_unsigned}}}},
    {16, {{{"id", arg_key}}}},
    {17, {{{"id", arg_key}, {"buffer", arg_buffer, nullptr, 3, kOut}, {"length", arg_size}}}},
    {18, {}},
    {19,
     {{{"id", arg_key}, {"timeout", arg_unsigned}, {"error", arg_unsigned}, {"keyring", arg_key}}}},
    {20,
     {{{"id", arg_key}, {"payload", arg_pointer}, {"count", arg_unsigned}, {"keyring", arg_key}}}},
    {21, {{{"id", arg_key}}}},
    {22, {{{"uid", arg_id}, {"keyring", arg_key}}}},
    {29, {{{"keyring", arg_key}, {"type", arg_string}, {"restriction", arg_string}}}},
    {30, {{{"id", arg_key}, {"from", arg_key}, {"to", arg_key}, {"flags", arg_hex}}}},
    {31, {{{"buffer", arg_buffer, nullptr, 2, kOut}, {"length", arg_size}}}},
    {32, {{{"id", arg_key}, {"queue_fd", arg_fd}, {"watch_id", arg_int}}}},
};

Value arg_keyctl(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_by_option(kOperations, context, 0, index);
}

std::size_t used_keyctl(const CallContext& context) {
  return std::min<std::size_t>(count_by_option(kOperations, context, 0), 5);
}

constexpr SyscallSpec kRows[] = {
    {.name = "keyctl",
     .nr = {250, 288, 219},
     .classes = kCreds,
     .args = {{{"operation", arg_constant, &kKeyctlOperations},
               {"arg2", arg_keyctl, nullptr, -1, Direction::InOut},
               {"arg3", arg_keyctl, nullptr, -1, Direction::InOut},
               {"arg4", arg_keyctl, nullptr, -1, Direction::InOut},
               {"arg5", arg_keyctl, nullptr, -1, Direction::InOut}}},
     .returns = Returns::Number,
     .man = "keyctl(2)",
     .kernel = "security/keys/keyctl.c: keyctl",
     .explain = {"Works on keys that the kernel keeps. runc joins a new session keyring `_ses.ID` "
                 "for each container.",
                 "/proc/keys and /proc/key-users.",
                 "Keys belong to users, not to containers: two containers that run as the same "
                 "user share that user's quota, and EDQUOT hits the last one to start."},
     .used_args = used_keyctl},
    {.name = "add_key",
     .nr = {248, 286, 217},
     .classes = kCreds,
     .args = {{{"type", arg_string},
               {"description", arg_string},
               {"payload", arg_buffer, nullptr, 3},
               {"plen", arg_size},
               {"keyring", arg_key}}},
     .returns = Returns::Number,
     .man = "add_key(2)",
     .kernel = "security/keys/keyctl.c: add_key",
     .explain = {"Puts a key into a keyring.", "/proc/keys.",
                 "docker's seccomp profile forbids it, since keyrings are not in a namespace."}},
    {.name = "request_key",
     .nr = {249, 287, 218},
     .classes = kCreds,
     .args = {{{"type", arg_string},
               {"description", arg_string},
               {"callout_info", arg_string},
               {"dest_keyring", arg_key}}},
     .returns = Returns::Number,
     .man = "request_key(2)",
     .kernel = "security/keys/keyctl.c: request_key",
     .explain = {"Looks for a key, and lets a program on the host make it if there is none.",
                 "/proc/keys.",
                 "The program (/sbin/request-key) runs in the host's namespaces, whoever asks."}},
};

}  // namespace

const std::span<const SyscallSpec> kKeySyscalls{kRows};

}  // namespace boxtrace::decoders
