// Who a process is: user ids, group ids, supplementary groups.
//
// i386 has every call twice: the old ones take 16-bit ids (and mean 65535 where the newer ones mean
// -1), the ones ending in 32 take whole ids. Ids are numbers of the caller's user namespace; the
// kernel translates them with uid_map and gid_map, and answers EINVAL for an id that the map lacks.
//
// Sources: kernel/sys.c, kernel/groups.c, kernel/uid16.c; credentials(7), setuid(2), setgroups(2).

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/structs.h"

namespace boxtrace::decoders {
namespace {

constexpr std::uint64_t kGroupsMax = 65536;  // linux/limits.h: NGROUPS_MAX

Value arg_id16(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_number(Show::Id, low32(context, index) & 0xffffU, 16);
}

/// setgroups: `size` ids. getgroups: as many as the result says; size 0 only asks how many.
Value decode_groups(const CallContext& context, std::size_t index, Width width) {
  std::uint64_t count = low32(context, 0);
  if (context.outcome != nullptr && count != 0) {
    count = static_cast<std::uint64_t>(context.outcome->value);
  }
  const base::Addr addr = address(context, index);
  if (count == 0 || count > kGroupsMax) {
    return count == 0 && context.outcome == nullptr ? Value{List{}} : Value{Pointer{addr}};
  }
  return decode_array(context, addr, count, {"", width, Show::Id});
}

Value arg_groups(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_groups(context, index, Width::W32);
}

Value arg_groups16(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_groups(context, index, Width::W16);
}

/// One id that the call wrote: getresuid and kin.
Value arg_written_id(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_array(context, address(context, index), 1, {"", Width::W32, Show::Id});
}

Value arg_written_id16(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_array(context, address(context, index), 1, {"", Width::W16, Show::Id});
}

constexpr std::uint32_t kAsks = kCreds | kInfo;

constexpr Explanation kSetuid{
    "Sets the effective user id, and with CAP_SETUID the real and saved ones, too.",
    "Uid: in /proc/PID/status: real, effective, saved, filesystem.",
    "Leaving 0 empties the effective and, if no id is 0 any more, the permitted and ambient "
    "capability sets, "
    "unless PR_SET_KEEPCAPS or securebits say otherwise. The order matters: groups first, then the "
    "user, since afterwards the right to change groups is gone."};
constexpr Explanation kSetgid{
    "Sets the effective group id, and with CAP_SETGID the real and saved ones, too.",
    "Gid: in /proc/PID/status.",
    "Supplementary groups stay: a container that only does this keeps the groups of its maker."};
constexpr Explanation kSetreuid{
    "Sets the real and the effective user id; -1 leaves one as it is.", "Uid: in /proc/PID/status.",
    "The saved id changes on the side when the real one is set, or the effective one differs "
    "from the old real one."};
constexpr Explanation kSetregid{"Sets the real and the effective group id; -1 leaves one as it is.",
                                "Gid: in /proc/PID/status.", "Supplementary groups stay."};
constexpr Explanation kSetresuid{
    "Sets real, effective and saved user id, each as told; -1 leaves one as it is.",
    "Uid: in /proc/PID/status.",
    "The one call without side rules, hence the one that runtimes use. When no id is 0 any more, "
    "the permitted, effective and ambient capabilities are dropped unless PR_SET_KEEPCAPS was set "
    "(it keeps "
    "the permitted set only)."};
constexpr Explanation kSetresgid{
    "Sets real, effective and saved group id, each as told; -1 leaves one as it is.",
    "Gid: in /proc/PID/status.", "Supplementary groups stay."};
constexpr Explanation kSetgroups{
    "Replaces the list of supplementary groups.", "Groups: in /proc/PID/status.",
    "In a user namespace whose /proc/PID/setgroups says deny, it fails with EPERM: leaving a group "
    "could open files that were closed to its members. It also fails until gid_map is written."};
constexpr Explanation kSetfsuid{"Sets the user id that file access is checked with.",
                                "The fourth number of Uid: in /proc/PID/status.",
                                "It never fails: it returns the id from before, so a second call "
                                "with -1 must ask what is set."};
constexpr Explanation kSetfsgid{"Sets the group id that file access is checked with.",
                                "The fourth number of Gid: in /proc/PID/status.",
                                "It never fails, as setfsuid."};
constexpr Explanation kGetuid{
    "The real user id.", "Uid: in /proc/PID/status, first number.",
    "65534 in a user namespace means that no uid_map is written yet, or that it does "
    "not cover this user."};
constexpr Explanation kGeteuid{
    "The effective user id.", "Uid: in /proc/PID/status, second number.",
    "0 says nothing about power: inside a user namespace it is the root of "
    "that namespace."};
constexpr Explanation kGetgid{"The real group id.", "Gid: in /proc/PID/status, first number.", ""};
constexpr Explanation kGetegid{"The effective group id.",
                               "Gid: in /proc/PID/status, second number.", ""};
constexpr Explanation kGetresuid{"Real, effective and saved user id.", "Uid: in /proc/PID/status.",
                                 ""};
constexpr Explanation kGetresgid{"Real, effective and saved group id.", "Gid: in /proc/PID/status.",
                                 ""};
constexpr Explanation kGetgroups{"The supplementary groups.", "Groups: in /proc/PID/status.",
                                 "Groups that the gid_map does not cover all read as 65534."};

constexpr auto kOut = Direction::Out;

constexpr SyscallSpec kRows[] = {
    {.name = "setuid",
     .nr = {105, -1, 146},
     .classes = kCreds,
     .args = {{{"uid", arg_id}}},
     .observe = kObserveStatus,
     .man = "setuid(2)",
     .kernel = "kernel/sys.c: __sys_setuid",
     .explain = kSetuid},
    {.name = "setgid",
     .nr = {106, -1, 144},
     .classes = kCreds,
     .args = {{{"gid", arg_id}}},
     .observe = kObserveStatus,
     .man = "setgid(2)",
     .kernel = "kernel/sys.c: __sys_setgid",
     .explain = kSetgid},
    {.name = "setreuid",
     .nr = {113, -1, 145},
     .classes = kCreds,
     .args = {{{"ruid", arg_id}, {"euid", arg_id}}},
     .observe = kObserveStatus,
     .man = "setreuid(2)",
     .kernel = "kernel/sys.c: __sys_setreuid",
     .explain = kSetreuid},
    {.name = "setregid",
     .nr = {114, -1, 143},
     .classes = kCreds,
     .args = {{{"rgid", arg_id}, {"egid", arg_id}}},
     .observe = kObserveStatus,
     .man = "setregid(2)",
     .kernel = "kernel/sys.c: __sys_setregid",
     .explain = kSetregid},
    {.name = "setresuid",
     .nr = {117, -1, 147},
     .classes = kCreds,
     .args = {{{"ruid", arg_id}, {"euid", arg_id}, {"suid", arg_id}}},
     .observe = kObserveStatus,
     .man = "setresuid(2)",
     .kernel = "kernel/sys.c: __sys_setresuid",
     .explain = kSetresuid},
    {.name = "setresgid",
     .nr = {119, -1, 149},
     .classes = kCreds,
     .args = {{{"rgid", arg_id}, {"egid", arg_id}, {"sgid", arg_id}}},
     .observe = kObserveStatus,
     .man = "setresgid(2)",
     .kernel = "kernel/sys.c: __sys_setresgid",
     .explain = kSetresgid},
    {.name = "setgroups",
     .nr = {116, -1, 159},
     .classes = kCreds,
     .args = {{{"size", arg_int}, {"list", arg_groups, nullptr, 0}}},
     .observe = kObserveStatus,
     .man = "setgroups(2)",
     .kernel = "kernel/groups.c: setgroups",
     .explain = kSetgroups},
    {.name = "setfsuid",
     .nr = {122, -1, 151},
     .classes = kCreds,
     .args = {{{"fsuid", arg_id}}},
     .returns = Returns::Number,
     .observe = kObserveStatus,
     .man = "setfsuid(2)",
     .kernel = "kernel/sys.c: __sys_setfsuid",
     .explain = kSetfsuid},
    {.name = "setfsgid",
     .nr = {123, -1, 152},
     .classes = kCreds,
     .args = {{{"fsgid", arg_id}}},
     .returns = Returns::Number,
     .observe = kObserveStatus,
     .man = "setfsgid(2)",
     .kernel = "kernel/sys.c: __sys_setfsgid",
     .explain = kSetfsgid},
    {.name = "getuid",
     .nr = {102, -1, 174},
     .classes = kAsks,
     .returns = Returns::Number,
     .man = "getuid(2)",
     .kernel = "kernel/sys.c: getuid",
     .explain = kGetuid},
    {.name = "geteuid",
     .nr = {107, -1, 175},
     .classes = kAsks,
     .returns = Returns::Number,
     .man = "geteuid(2)",
     .kernel = "kernel/sys.c: geteuid",
     .explain = kGeteuid},
    {.name = "getgid",
     .nr = {104, -1, 176},
     .classes = kAsks,
     .returns = Returns::Number,
     .man = "getgid(2)",
     .kernel = "kernel/sys.c: getgid",
     .explain = kGetgid},
    {.name = "getegid",
     .nr = {108, -1, 177},
     .classes = kAsks,
     .returns = Returns::Number,
     .man = "getegid(2)",
     .kernel = "kernel/sys.c: getegid",
     .explain = kGetegid},
    {.name = "getresuid",
     .nr = {118, -1, 148},
     .classes = kAsks,
     .args = {{{"ruid", arg_written_id, nullptr, -1, kOut},
               {"euid", arg_written_id, nullptr, -1, kOut},
               {"suid", arg_written_id, nullptr, -1, kOut}}},
     .man = "getresuid(2)",
     .kernel = "kernel/sys.c: getresuid",
     .explain = kGetresuid},
    {.name = "getresgid",
     .nr = {120, -1, 150},
     .classes = kAsks,
     .args = {{{"rgid", arg_written_id, nullptr, -1, kOut},
               {"egid", arg_written_id, nullptr, -1, kOut},
               {"sgid", arg_written_id, nullptr, -1, kOut}}},
     .man = "getresgid(2)",
     .kernel = "kernel/sys.c: getresgid",
     .explain = kGetresgid},
    {.name = "getgroups",
     .nr = {115, -1, 158},
     .classes = kAsks,
     .args = {{{"size", arg_int}, {"list", arg_groups, nullptr, 0, kOut}}},
     .returns = Returns::Number,
     .man = "getgroups(2)",
     .kernel = "kernel/groups.c: getgroups",
     .explain = kGetgroups},
    // i386, ids of 32 bits.
    {.name = "setuid32",
     .nr = {-1, 213, -1},
     .classes = kCreds,
     .args = {{{"uid", arg_id}}},
     .observe = kObserveStatus,
     .man = "setuid(2)",
     .kernel = "kernel/sys.c: __sys_setuid",
     .explain = kSetuid},
    {.name = "setgid32",
     .nr = {-1, 214, -1},
     .classes = kCreds,
     .args = {{{"gid", arg_id}}},
     .observe = kObserveStatus,
     .man = "setgid(2)",
     .kernel = "kernel/sys.c: __sys_setgid",
     .explain = kSetgid},
    {.name = "setreuid32",
     .nr = {-1, 203, -1},
     .classes = kCreds,
     .args = {{{"ruid", arg_id}, {"euid", arg_id}}},
     .observe = kObserveStatus,
     .man = "setreuid(2)",
     .kernel = "kernel/sys.c: __sys_setreuid",
     .explain = kSetreuid},
    {.name = "setregid32",
     .nr = {-1, 204, -1},
     .classes = kCreds,
     .args = {{{"rgid", arg_id}, {"egid", arg_id}}},
     .observe = kObserveStatus,
     .man = "setregid(2)",
     .kernel = "kernel/sys.c: __sys_setregid",
     .explain = kSetregid},
    {.name = "setresuid32",
     .nr = {-1, 208, -1},
     .classes = kCreds,
     .args = {{{"ruid", arg_id}, {"euid", arg_id}, {"suid", arg_id}}},
     .observe = kObserveStatus,
     .man = "setresuid(2)",
     .kernel = "kernel/sys.c: __sys_setresuid",
     .explain = kSetresuid},
    {.name = "setresgid32",
     .nr = {-1, 210, -1},
     .classes = kCreds,
     .args = {{{"rgid", arg_id}, {"egid", arg_id}, {"sgid", arg_id}}},
     .observe = kObserveStatus,
     .man = "setresgid(2)",
     .kernel = "kernel/sys.c: __sys_setresgid",
     .explain = kSetresgid},
    {.name = "setgroups32",
     .nr = {-1, 206, -1},
     .classes = kCreds,
     .args = {{{"size", arg_int}, {"list", arg_groups, nullptr, 0}}},
     .observe = kObserveStatus,
     .man = "setgroups(2)",
     .kernel = "kernel/groups.c: setgroups",
     .explain = kSetgroups},
    {.name = "setfsuid32",
     .nr = {-1, 215, -1},
     .classes = kCreds,
     .args = {{{"fsuid", arg_id}}},
     .returns = Returns::Number,
     .observe = kObserveStatus,
     .man = "setfsuid(2)",
     .kernel = "kernel/sys.c: __sys_setfsuid",
     .explain = kSetfsuid},
    {.name = "setfsgid32",
     .nr = {-1, 216, -1},
     .classes = kCreds,
     .args = {{{"fsgid", arg_id}}},
     .returns = Returns::Number,
     .observe = kObserveStatus,
     .man = "setfsgid(2)",
     .kernel = "kernel/sys.c: __sys_setfsgid",
     .explain = kSetfsgid},
    {.name = "getuid32",
     .nr = {-1, 199, -1},
     .classes = kAsks,
     .returns = Returns::Number,
     .man = "getuid(2)",
     .kernel = "kernel/sys.c: getuid",
     .explain = kGetuid},
    {.name = "geteuid32",
     .nr = {-1, 201, -1},
     .classes = kAsks,
     .returns = Returns::Number,
     .man = "geteuid(2)",
     .kernel = "kernel/sys.c: geteuid",
     .explain = kGeteuid},
    {.name = "getgid32",
     .nr = {-1, 200, -1},
     .classes = kAsks,
     .returns = Returns::Number,
     .man = "getgid(2)",
     .kernel = "kernel/sys.c: getgid",
     .explain = kGetgid},
    {.name = "getegid32",
     .nr = {-1, 202, -1},
     .classes = kAsks,
     .returns = Returns::Number,
     .man = "getegid(2)",
     .kernel = "kernel/sys.c: getegid",
     .explain = kGetegid},
    {.name = "getresuid32",
     .nr = {-1, 209, -1},
     .classes = kAsks,
     .args = {{{"ruid", arg_written_id, nullptr, -1, kOut},
               {"euid", arg_written_id, nullptr, -1, kOut},
               {"suid", arg_written_id, nullptr, -1, kOut}}},
     .man = "getresuid(2)",
     .kernel = "kernel/sys.c: getresuid",
     .explain = kGetresuid},
    {.name = "getresgid32",
     .nr = {-1, 211, -1},
     .classes = kAsks,
     .args = {{{"rgid", arg_written_id, nullptr, -1, kOut},
               {"egid", arg_written_id, nullptr, -1, kOut},
               {"sgid", arg_written_id, nullptr, -1, kOut}}},
     .man = "getresgid(2)",
     .kernel = "kernel/sys.c: getresgid",
     .explain = kGetresgid},
    {.name = "getgroups32",
     .nr = {-1, 205, -1},
     .classes = kAsks,
     .args = {{{"size", arg_int}, {"list", arg_groups, nullptr, 0, kOut}}},
     .returns = Returns::Number,
     .man = "getgroups(2)",
     .kernel = "kernel/groups.c: getgroups",
     .explain = kGetgroups},
    // i386, ids of 16 bits: they came first and have the plain names.
    {.name = "setuid",
     .nr = {-1, 23, -1},
     .classes = kCreds,
     .args = {{{"uid", arg_id16}}},
     .observe = kObserveStatus,
     .man = "setuid(2)",
     .kernel = "kernel/uid16.c: setuid16",
     .explain = kSetuid},
    {.name = "setgid",
     .nr = {-1, 46, -1},
     .classes = kCreds,
     .args = {{{"gid", arg_id16}}},
     .observe = kObserveStatus,
     .man = "setgid(2)",
     .kernel = "kernel/uid16.c: setgid16",
     .explain = kSetgid},
    {.name = "setreuid",
     .nr = {-1, 70, -1},
     .classes = kCreds,
     .args = {{{"ruid", arg_id16}, {"euid", arg_id16}}},
     .observe = kObserveStatus,
     .man = "setreuid(2)",
     .kernel = "kernel/uid16.c: setreuid16",
     .explain = kSetreuid},
    {.name = "setregid",
     .nr = {-1, 71, -1},
     .classes = kCreds,
     .args = {{{"rgid", arg_id16}, {"egid", arg_id16}}},
     .observe = kObserveStatus,
     .man = "setregid(2)",
     .kernel = "kernel/uid16.c: setregid16",
     .explain = kSetregid},
    {.name = "setresuid",
     .nr = {-1, 164, -1},
     .classes = kCreds,
     .args = {{{"ruid", arg_id16}, {"euid", arg_id16}, {"suid", arg_id16}}},
     .observe = kObserveStatus,
     .man = "setresuid(2)",
     .kernel = "kernel/uid16.c: setresuid16",
     .explain = kSetresuid},
    {.name = "setresgid",
     .nr = {-1, 170, -1},
     .classes = kCreds,
     .args = {{{"rgid", arg_id16}, {"egid", arg_id16}, {"sgid", arg_id16}}},
     .observe = kObserveStatus,
     .man = "setresgid(2)",
     .kernel = "kernel/uid16.c: setresgid16",
     .explain = kSetresgid},
    {.name = "setgroups",
     .nr = {-1, 81, -1},
     .classes = kCreds,
     .args = {{{"size", arg_int}, {"list", arg_groups16, nullptr, 0}}},
     .observe = kObserveStatus,
     .man = "setgroups(2)",
     .kernel = "kernel/uid16.c: setgroups16",
     .explain = kSetgroups},
    {.name = "setfsuid",
     .nr = {-1, 138, -1},
     .classes = kCreds,
     .args = {{{"fsuid", arg_id16}}},
     .returns = Returns::Number,
     .observe = kObserveStatus,
     .man = "setfsuid(2)",
     .kernel = "kernel/uid16.c: setfsuid16",
     .explain = kSetfsuid},
    {.name = "setfsgid",
     .nr = {-1, 139, -1},
     .classes = kCreds,
     .args = {{{"fsgid", arg_id16}}},
     .returns = Returns::Number,
     .observe = kObserveStatus,
     .man = "setfsgid(2)",
     .kernel = "kernel/uid16.c: setfsgid16",
     .explain = kSetfsgid},
    {.name = "getuid",
     .nr = {-1, 24, -1},
     .classes = kAsks,
     .returns = Returns::Number,
     .man = "getuid(2)",
     .kernel = "kernel/uid16.c: getuid16",
     .explain = kGetuid},
    {.name = "geteuid",
     .nr = {-1, 49, -1},
     .classes = kAsks,
     .returns = Returns::Number,
     .man = "geteuid(2)",
     .kernel = "kernel/uid16.c: geteuid16",
     .explain = kGeteuid},
    {.name = "getgid",
     .nr = {-1, 47, -1},
     .classes = kAsks,
     .returns = Returns::Number,
     .man = "getgid(2)",
     .kernel = "kernel/uid16.c: getgid16",
     .explain = kGetgid},
    {.name = "getegid",
     .nr = {-1, 50, -1},
     .classes = kAsks,
     .returns = Returns::Number,
     .man = "getegid(2)",
     .kernel = "kernel/uid16.c: getegid16",
     .explain = kGetegid},
    {.name = "getresuid",
     .nr = {-1, 165, -1},
     .classes = kAsks,
     .args = {{{"ruid", arg_written_id16, nullptr, -1, kOut},
               {"euid", arg_written_id16, nullptr, -1, kOut},
               {"suid", arg_written_id16, nullptr, -1, kOut}}},
     .man = "getresuid(2)",
     .kernel = "kernel/uid16.c: getresuid16",
     .explain = kGetresuid},
    {.name = "getresgid",
     .nr = {-1, 171, -1},
     .classes = kAsks,
     .args = {{{"rgid", arg_written_id16, nullptr, -1, kOut},
               {"egid", arg_written_id16, nullptr, -1, kOut},
               {"sgid", arg_written_id16, nullptr, -1, kOut}}},
     .man = "getresgid(2)",
     .kernel = "kernel/uid16.c: getresgid16",
     .explain = kGetresgid},
    {.name = "getgroups",
     .nr = {-1, 80, -1},
     .classes = kAsks,
     .args = {{{"size", arg_int}, {"list", arg_groups16, nullptr, 0, kOut}}},
     .returns = Returns::Number,
     .man = "getgroups(2)",
     .kernel = "kernel/uid16.c: getgroups16",
     .explain = kGetgroups},
};

}  // namespace

const std::span<const SyscallSpec> kIdentitySyscalls{kRows};

}  // namespace boxtrace::decoders
