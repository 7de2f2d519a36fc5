// Installing a filter on system calls.
//
// A filter is a program for the classic BPF machine: at most 4,096 instructions of eight bytes that
// look at the number, the architecture and the six arguments of a call, and answer with an action.
// They cannot follow pointers. All instructions are read, so that what a container may do can be
// worked out from the trace alone. A 32-bit caller's struct sock_fprog is 8 bytes long, not 16.
//
// Sources: kernel/seccomp.c; linux/filter.h, linux/bpf_common.h (BPF_MAXINSNS); seccomp(2).

#include "decoders/tables/seccomp.h"
#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/families/filter_program.h"
#include "decoders/structs.h"

namespace boxtrace::decoders {
namespace {

constexpr std::size_t kMaxInstructions = 4096;
constexpr std::size_t kInstructionSize = 8;
constexpr std::uint32_t kSetModeStrict = 0, kSetModeFilter = 1, kGetActionAvail = 2,
                        kGetNotifSizes = 3;

constexpr FieldSpec kProgram[] = {{"len", Width::W16, Show::Unsigned},
                                  {"filter", Width::Word, Show::Pointer}};
constexpr FieldSpec kSizes[] = {{"seccomp_notif", Width::W16, Show::Unsigned},
                                {"seccomp_notif_resp", Width::W16, Show::Unsigned},
                                {"seccomp_data", Width::W16, Show::Unsigned}};

Value arg_seccomp_flags(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  return low32(context, 0) == kSetModeFilter ? arg_constant(context, arg, index)
                                             : decode_number(Show::Hex, low32(context, index), 32);
}

Value arg_seccomp_args(const CallContext& context, const ArgSpec&, std::size_t index) {
  const base::Addr addr = address(context, index);
  const std::uint32_t operation = low32(context, 0);
  if (operation == kGetNotifSizes) {
    return context.outcome == nullptr || context.outcome->kind != raw::Outcome::Kind::Returned
               ? Value{Pending{addr}}
               : decode_struct(context, addr, kSizes);
  }
  if (context.outcome != nullptr) {
    return Pending{addr};
  }
  if (operation == kSetModeFilter) {
    return decode_filter_program(context, addr);
  }
  if (operation == kGetActionAvail) {
    return decode_array(context, addr, 1, {"", Width::W32, Show::Constant, &kSeccompActions});
  }
  return Pointer{addr};
}

constexpr std::uint32_t kInstalling[] = {kSetModeStrict, kSetModeFilter};

constexpr SyscallSpec kRows[] = {
    {.name = "seccomp",
     .nr = {317, 354, 277},
     .classes = kSeccomp,
     .args = {{{"operation", arg_constant, &kSeccompOperations},
               {"flags", arg_seccomp_flags, &kSeccompFilterFlags},
               {"args", arg_seccomp_args, nullptr, -1, Direction::InOut}}},
     .returns = Returns::Number,
     .observe = kObserveStatus,
     .operations = kInstalling,
     .man = "seccomp(2)",
     .kernel = "kernel/seccomp.c: do_seccomp",
     .explain =
         {"Adds a filter that decides on each later system call of the thread and its children. It "
          "can never be taken off.",
          "Seccomp: 2 and Seccomp_filters: N in /proc/PID/status.",
          "The filter applies from the next call on, to the runtime as well: everything "
          "between this line and the execve must be permitted by it, the execve "
          "included."}},
};

}  // namespace

Value decode_filter_program(const CallContext& context, base::Addr addr) {
  Value value = decode_struct(context, addr, kProgram);
  auto* fields = value.as<Struct>();
  if (fields == nullptr || fields->fields.size() != 2) {
    return value;
  }
  const std::uint64_t count = fields->fields[0].value.raw().value_or(0);
  const base::Addr filter = fields->fields[1].value.as<Pointer>()->addr;
  if (count != 0) {
    fields->fields[1].value =
        decode_buffer(context, filter, count * kInstructionSize,
                      kMaxInstructions * kInstructionSize, Text::Kind::Filter);
  }
  return value;
}

const std::span<const SyscallSpec> kSeccompSyscalls{kRows};

}  // namespace boxtrace::decoders
