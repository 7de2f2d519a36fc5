// Looking into other processes and the kernel: ptrace, perf, kcmp, probes.

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/structs.h"
#include "decoders/tables/ptrace.h"

namespace boxtrace::decoders {
namespace {

constexpr std::uint64_t kSetOptions = 0x4200;
constexpr std::uint64_t kSeize = 0x4206;

/// The request that needs it decides what `data` is: options, a signal, or a word.
Value arg_ptrace_data(const CallContext& context, const ArgSpec&, std::size_t index) {
  const std::uint64_t data = word(context, index);
  switch (word(context, 0)) {
    case kSetOptions:
    case kSeize:
      return decode_constant(kPtraceOptions, data);
    case 7:   // PTRACE_CONT
    case 9:   // PTRACE_SINGLESTEP
    case 17:  // PTRACE_DETACH
    case 24:  // PTRACE_SYSCALL
      return decode_number(Show::Signal, data, 64);
    default:
      return Number{data, Number::Style::Hex};
  }
}

constexpr FieldSpec kPerfEventAttr[] = {
    {"type", Width::W32, Show::Constant, &kPerfEventTypes},
    {"size", Width::W32, Show::Unsigned},
    {"config", Width::W64, Show::Hex},
    {"sample_period", Width::W64, Show::Unsigned},
    {"sample_type", Width::W64, Show::Hex},
    {"read_format", Width::W64, Show::Hex},
};

/// The head of struct perf_event_attr.
Value arg_perf_event_attr(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_struct(context, address(context, index), kPerfEventAttr);
}

/// Requests that need no address or data. ptrace(2).
std::size_t used_ptrace(const CallContext& context) {
  switch (word(context, 0)) {
    case 0:  // PTRACE_TRACEME
      return 1;
    case 8:       // PTRACE_KILL
    case 16:      // PTRACE_ATTACH
    case 0x4207:  // PTRACE_INTERRUPT
      return 2;
    default:
      return 4;
  }
}

constexpr SyscallSpec kRows[] = {
    {.name = "ptrace",
     .nr = {101, 26, 117},
     .classes = kProcess,
     .args = {{{"request", arg_constant_long, &kPtraceRequests},
               {"pid", arg_pid},
               {"addr", arg_hex},
               {"data", arg_ptrace_data}}},
     .returns = Returns::Number,
     .man = "ptrace(2)",
     .kernel = "kernel/ptrace.c: ptrace",
     .explain = {"Controls another thread: attach, read and write its memory and registers, resume "
                 "it; boxtrace is built on it."},
     .used_args = used_ptrace},
    {.name = "perf_event_open",
     .nr = {298, 336, 241},
     .classes = kDesc | kInfo,
     .args = {{{"attr", arg_perf_event_attr},
               {"pid", arg_pid},
               {"cpu", arg_int},
               {"group_fd", arg_fd},
               {"flags", arg_constant_long, &kPerfEventFlags}}},
     .returns = Returns::Fd,
     .man = "perf_event_open(2)",
     .kernel = "kernel/events/core.c: perf_event_open",
     .explain = {"Makes a descriptor that counts or samples an event of a process, a processor or "
                 "a cgroup."}},
    {.name = "kcmp",
     .nr = {312, 349, 272},
     .classes = kInfo,
     .args = {{{"pid1", arg_pid},
               {"pid2", arg_pid},
               {"type", arg_constant, &kKcmpTypes},
               {"idx1", arg_hex},
               {"idx2", arg_hex}}},
     .returns = Returns::Number,
     .man = "kcmp(2)",
     .kernel = "kernel/kcmp.c: kcmp",
     .explain = {"Tells whether two processes share a kernel object, such as an open file "
                 "description or an address space."}},
    {.name = "uprobe",
     .nr = {336, -1, -1},
     .classes = kInfo,
     .returns = Returns::Number,
     .man = "none",
     .kernel = "arch/x86/kernel/uprobes.c: uprobe",
     .explain = {"The kernel's own entry from a probed user instruction; a call from anywhere else "
                 "fails with ENXIO."}},
    {.name = "uretprobe",
     .nr = {335, -1, -1},
     .classes = kInfo,
     .returns = Returns::Number,
     .man = "none",
     .kernel = "arch/x86/kernel/uprobes.c: uretprobe",
     .explain = {"The kernel's own entry from the return of a probed function; a call from "
                 "anywhere else kills the process with SIGILL."}},
};

}  // namespace

const std::span<const SyscallSpec> kTracingSyscalls{kRows};

}  // namespace boxtrace::decoders
