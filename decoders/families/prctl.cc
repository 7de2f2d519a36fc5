// prctl(2): each option has its own arguments, listed below one a line. What an
// option does not use is not shown: the C library passes whatever the registers held.
//
// Sources: kernel/sys.c: prctl; prctl(2).

#include <algorithm>

#include "decoders/args.h"
#include "decoders/by_option.h"
#include "decoders/families/families.h"
#include "decoders/families/filter_program.h"
#include "decoders/structs.h"
#include "decoders/tables/capability.h"
#include "decoders/tables/prctl.h"
#include "decoders/tables/seccomp.h"

namespace boxtrace::decoders {
namespace {

constexpr std::size_t kCommLength = 15;  // linux/sched.h: TASK_COMM_LEN - 1
constexpr std::size_t kVmaNameLength = 79;
constexpr std::uint32_t kModeFilter = 2;

Value arg_comm(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_string(context, address(context, index), kCommLength);
}

Value arg_vma_name(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_string(context, address(context, index), kVmaNameLength);
}

Value arg_seccomp_program(const CallContext& context, const ArgSpec&, std::size_t index) {
  const base::Addr addr = address(context, index);
  return low32(context, 1) == kModeFilter ? decode_filter_program(context, addr)
                                          : Value{Pointer{addr}};
}

/// An int that the call wrote.
Value arg_written_int(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_array(context, address(context, index), 1, {"", Width::W32, Show::Signed});
}

Value arg_written_signal(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_array(context, address(context, index), 1, {"", Width::W32, Show::Signal});
}

Value arg_written_word(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_array(context, address(context, index), 1, {"", Width::Word, Show::Hex});
}

Value arg_ptracer(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  const Value any = arg_constant_long(context, {"", nullptr, &kPrctlPtracer}, index);
  return any.as<Symbol>()->name.empty() ? arg_pid(context, arg, index) : any;
}

constexpr auto kOut = Direction::Out;

// What kernel/sys.c demands to be 0 is listed too, as `zero`: a non-zero there is a reason for
// EINVAL.
constexpr OptionArgs kOptions[] = {
    {1, {{{"sig", arg_signal}}}},
    {2, {{{"sig", arg_written_signal, nullptr, -1, kOut}}}},
    {3, {}},
    {4, {{{"dumpable", arg_constant_long, &kPrctlDumpable}}}},
    {5, {{{"value", arg_written_int, nullptr, -1, kOut}}}},
    {6, {{{"value", arg_hex}}}},
    {7, {}},
    {8, {{{"keep", arg_long}}}},
    {9, {{{"value", arg_written_int, nullptr, -1, kOut}}}},
    {10, {{{"value", arg_hex}}}},
    {11, {{{"value", arg_written_int, nullptr, -1, kOut}}}},
    {12, {{{"value", arg_hex}}}},
    {13, {}},
    {14, {{{"value", arg_long}}}},
    {15, {{{"name", arg_comm}}}},
    {16, {{{"name", arg_comm, nullptr, -1, kOut}}}},
    {19, {{{"value", arg_written_int, nullptr, -1, kOut}}}},
    {20, {{{"value", arg_long}}}},
    {21, {}},
    {22, {{{"mode", arg_constant_long, &kSeccompModes}, {"prog", arg_seccomp_program}}}},
    {23, {{{"cap", arg_constant_long, &kCapabilities}}}},
    {24, {{{"cap", arg_constant_long, &kCapabilities}}}},
    {25, {{{"mode", arg_written_int, nullptr, -1, kOut}}}},
    {26, {{{"mode", arg_constant_long, &kPrctlTsc}}}},
    {27, {}},
    {28, {{{"bits", arg_constant_long, &kSecurebits}}}},
    {29, {{{"nanoseconds", arg_size}}}},
    {30, {}},
    {31, {}},
    {32, {}},
    {33,
     {{{"operation", arg_constant_long, &kPrctlMceKill},
       {"policy", arg_constant_long, &kPrctlMcePolicy},
       {"zero", arg_hex},
       {"zero", arg_hex}}}},
    {34, {{{"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {35,
     {{{"field", arg_constant_long, &kPrctlMm},
       {"addr", arg_pointer},
       {"size", arg_size},
       {"zero", arg_hex}}}},
    {36, {{{"set", arg_long}}}},
    {37, {{{"set", arg_written_int, nullptr, -1, kOut}}}},
    {38, {{{"set", arg_long}, {"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {39, {{{"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {40, {{{"addr", arg_written_word, nullptr, -1, kOut}}}},
    {41,
     {{{"disable", arg_long},
       {"flags", arg_constant_long, &kPrctlThp},
       {"zero", arg_hex},
       {"zero", arg_hex}}}},
    {42, {{{"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {43, {{{"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {44, {{{"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {45, {{{"mode", arg_hex}}}},
    {46, {}},
    {47,
     {{{"operation", arg_constant_long, &kPrctlAmbient},
       {"cap", arg_constant_long, &kCapabilities},
       {"zero", arg_hex},
       {"zero", arg_hex}}}},
    {50, {{{"length", arg_hex}}}},
    {51, {}},
    {52,
     {{{"feature", arg_constant_long, &kPrctlSpeculation},
       {"zero", arg_hex},
       {"zero", arg_hex},
       {"zero", arg_hex}}}},
    {53,
     {{{"feature", arg_constant_long, &kPrctlSpeculation},
       {"control", arg_constant_long, &kPrctlSpecControl},
       {"zero", arg_hex},
       {"zero", arg_hex}}}},
    {54, {{{"keys", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {55, {{{"control", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {56, {{{"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {57, {{{"set", arg_long}, {"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {58, {{{"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {59,
     {{{"mode", arg_constant_long, &kPrctlDispatch},
       {"offset", arg_hex},
       {"length", arg_size},
       {"selector", arg_pointer}}}},
    {60, {{{"keys", arg_hex}, {"enabled", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {61, {{{"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {62,
     {{{"operation", arg_constant_long, &kPrctlSchedCore},
       {"pid", arg_pid},
       {"scope", arg_long},
       {"cookie", arg_pointer}}}},
    {63, {{{"length", arg_hex}}}},
    {64, {}},
    {65,
     {{{"flags", arg_constant_long, &kPrctlMdwe},
       {"zero", arg_hex},
       {"zero", arg_hex},
       {"zero", arg_hex}}}},
    {66, {{{"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {67, {{{"merge", arg_long}, {"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {68, {{{"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {69, {{{"control", arg_hex}}}},
    {70, {}},
    {71, {{{"context", arg_hex}, {"scope", arg_hex}}}},
    {72, {{{"aspect", arg_hex}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {73, {{{"aspect", arg_hex}, {"control", arg_hex}, {"zero", arg_hex}}}},
    {74, {{{"status", arg_written_word, nullptr, -1, kOut}}}},
    {75, {{{"status", arg_hex}}}},
    {76, {{{"status", arg_hex}}}},
    {77,
     {{{"mode", arg_constant_long, &kPrctlTimerIds},
       {"zero", arg_hex},
       {"zero", arg_hex},
       {"zero", arg_hex}}}},
    {78,
     {{{"operation", arg_constant_long, &kPrctlFutexHash},
       {"slots", arg_size},
       {"flags", arg_hex}}}},
    {0x41555856,
     {{{"auxv", arg_pointer}, {"size", arg_size}, {"zero", arg_hex}, {"zero", arg_hex}}}},
    {0x53564d41,
     {{{"property", arg_constant_long, &kPrctlVma},
       {"addr", arg_pointer},
       {"size", arg_size},
       {"name", arg_vma_name}}}},
    {0x59616d61, {{{"pid", arg_ptracer}}}},
};

Value arg_prctl(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_by_option(kOptions, context, 0, index);
}

std::size_t used_prctl(const CallContext& context) {
  return std::min<std::size_t>(count_by_option(kOptions, context, 0), 5);
}

// PDEATHSIG, DUMPABLE, KEEPCAPS, NAME, SECCOMP, CAPBSET_DROP, SECUREBITS, CHILD_SUBREAPER,
// NO_NEW_PRIVS, CAP_AMBIENT.
constexpr std::uint32_t kOfProcessAndCaps[] = {1, 4, 8, 15, 22, 24, 28, 36, 38, 47};

constexpr SyscallSpec kRows[] = {
    {.name = "prctl",
     .nr = {157, 172, 167},
     .classes = kProcess | kCaps,
     .args = {{{"option", arg_constant, &kPrctlOptions},
               {"arg2", arg_prctl, nullptr, -1, Direction::InOut},
               {"arg3", arg_prctl, nullptr, -1, Direction::InOut},
               {"arg4", arg_prctl, nullptr, -1, Direction::InOut},
               {"arg5", arg_prctl, nullptr, -1, Direction::InOut}}},
     .returns = Returns::Number,
     .observe = kObserveStatus,
     .operations = kOfProcessAndCaps,
     .man = "prctl(2)",
     .kernel = "kernel/sys.c: prctl",
     .explain = {"Sixty small calls in one, told apart by the first argument: names, signals, "
                 "capability sets, no_new_privs, seccomp.",
                 "Most of what it sets is in /proc/PID/status.",
                 "It acts on the calling thread, not on the process: in a program with threads the "
                 "others keep what they had."},
     .used_args = used_prctl},
};

}  // namespace

const std::span<const SyscallSpec> kPrctlSyscalls{kRows};

}  // namespace boxtrace::decoders
