// bpf(2). What a runtime does with it is to load a program that decides on devices (cgroup v2) and
// to attach it: these two commands are decoded, and of such programs all instructions are read, so
// that a trace tells which devices a container has (decoders/bpf/device_program.h). The argument is
// one large union, of which the caller says how much it knows; other commands are shown by their
// name.
//
// Sources: kernel/bpf/syscall.c: __sys_bpf; include/uapi/linux/bpf.h: union bpf_attr; bpf(2).

#include "decoders/tables/bpf.h"

#include <algorithm>

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/structs.h"

namespace boxtrace::decoders {
namespace {

constexpr std::uint32_t kProgramLoad = 5, kProgramAttach = 8, kProgramDetach = 9, kLinkCreate = 28;
constexpr std::uint64_t kCgroupDevice = 15;
constexpr std::size_t kMaxInstructions = 4096;
constexpr std::size_t kInstructionSize = 8;

constexpr FieldSpec kLoad[] = {
    {"prog_type", Width::W32, Show::Constant, &kBpfProgramTypes},
    {"insn_cnt", Width::W32, Show::Unsigned},
    {"insns", Width::Aligned64, Show::Pointer},
    {"license", Width::Aligned64, Show::Pointer},
    {"log_level", Width::W32, Show::Unsigned},
    {"log_size", Width::W32, Show::Unsigned},
    {"log_buf", Width::Aligned64, Show::Pointer},
    {"kern_version", Width::W32, Show::Hex},
    {"prog_flags", Width::W32, Show::Hex},
};
constexpr FieldSpec kAttach[] = {
    {"target_fd", Width::W32, Show::Fd},
    {"attach_bpf_fd", Width::W32, Show::Fd},
    {"attach_type", Width::W32, Show::Constant, &kBpfAttachTypes},
    {"attach_flags", Width::W32, Show::Constant, &kBpfAttachFlags},
    {"replace_bpf_fd", Width::W32, Show::Fd},
};
constexpr FieldSpec kLink[] = {
    {"prog_fd", Width::W32, Show::Fd},
    {"target_fd", Width::W32, Show::Fd},
    {"attach_type", Width::W32, Show::Constant, &kBpfAttachTypes},
    {"flags", Width::W32, Show::Hex},
};

Value decode_load(const CallContext& context, base::Addr addr, std::uint64_t size) {
  Value value = decode_struct(context, addr, kLoad,
                              std::min<std::uint64_t>(size, layout_size(kLoad, context.call.abi)));
  auto* fields = value.as<Struct>();
  if (fields == nullptr || fields->fields.size() < 3 ||
      fields->fields[0].value.raw() != kCgroupDevice) {
    return value;
  }
  const std::uint64_t count = fields->fields[1].value.raw().value_or(0);
  const auto* instructions = fields->fields[2].value.as<Pointer>();
  if (count != 0 && instructions != nullptr) {
    fields->fields[2].value =
        decode_buffer(context, instructions->addr, count * kInstructionSize,
                      kMaxInstructions * kInstructionSize, Text::Kind::Filter);
  }
  return value;
}

Value arg_attr(const CallContext& context, const ArgSpec&, std::size_t index) {
  const base::Addr addr = address(context, index);
  const std::uint64_t size = low32(context, 2);
  switch (low32(context, 0)) {
    case kProgramLoad:
      return decode_load(context, addr, size);
    case kProgramAttach:
    case kProgramDetach:
      return decode_struct(context, addr, kAttach, size);
    case kLinkCreate:
      return decode_struct(context, addr, kLink,
                           std::min<std::uint64_t>(size, layout_size(kLink, context.call.abi)));
    default:
      return Pointer{addr};
  }
}

constexpr SyscallSpec kRows[] = {
    {.name = "bpf",
     .nr = {321, 357, 280},
     .classes = kBpf | kCgroup,
     .args = {{{"cmd", arg_constant, &kBpfCommands}, {"attr", arg_attr}, {"size", arg_unsigned}}},
     .returns = Returns::Number,
     .man = "bpf(2)",
     .kernel = "kernel/bpf/syscall.c: __sys_bpf",
     .explain =
         {"Loads programs and maps into the kernel and attaches them. Runtimes use it on cgroup "
          "v2 to say which devices a container may open.",
          "`bpftool cgroup tree` shows what is attached; /proc/PID/fdinfo/N what a descriptor is.",
          "A device refused by such a program is EPERM at open, although mode bits and "
          "capabilities permit it."}},
};

}  // namespace

const std::span<const SyscallSpec> kBpfSyscalls{kRows};

}  // namespace boxtrace::decoders
