// Calls that only x86 has: segment bases, local descriptor tables, port access, virtual 8086 mode.

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/structs.h"
#include "decoders/tables/system.h"

namespace boxtrace::decoders {
namespace {

constexpr FieldSpec kUserDesc[] = {
    {"entry_number", Width::W32, Show::Signed},
    {"base_addr", Width::W32, Show::Hex},
    {"limit", Width::W32, Show::Hex},
    {"flags", Width::W32, Show::Hex},
};

Value arg_user_desc(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_struct(context, address(context, index), kUserDesc);
}

/// ARCH_GET_* write a word where the second argument points; for the others it is the value.
Value arg_arch_prctl(const CallContext& context, const ArgSpec&, std::size_t index) {
  switch (low32(context, 0)) {
    case 0x1003:  // ARCH_GET_FS
    case 0x1004:  // ARCH_GET_GS
    case 0x1021:  // ARCH_GET_XCOMP_SUPP
    case 0x1022:  // ARCH_GET_XCOMP_PERM
    case 0x4001:  // ARCH_GET_UNTAG_MASK
    case 0x4003:  // ARCH_GET_MAX_TAG_BITS
    case 0x5005:  // ARCH_SHSTK_STATUS
      return context.outcome == nullptr
                 ? Value{Pointer{address(context, index)}}
                 : decode_array(context, address(context, index), 1, {"", Width::W64, Show::Hex});
    default:
      return Number{word(context, index), Number::Style::Hex};
  }
}

/// ARCH_GET_CPUID takes nothing. arch_prctl(2).
std::size_t used_arch_prctl(const CallContext& context) {
  constexpr std::uint32_t kGetCpuid = 0x1011;
  return low32(context, 0) == kGetCpuid ? 1 : 2;
}

constexpr SyscallSpec kRows[] = {
    {.name = "arch_prctl",
     .nr = {158, 384, -1},
     .classes = kProcess,
     .args = {{{"code", arg_constant, &kArchPrctlCodes},
               {.name = "addr", .decode = arg_arch_prctl, .direction = Direction::InOut}}},
     .man = "arch_prctl(2)",
     .kernel = "arch/x86/kernel/process_64.c: arch_prctl",
     .explain = {"Sets or reads state of the x86 processor for a thread, mostly the FS base that "
                 "points at thread-local storage."},
     .used_args = used_arch_prctl},
    {.name = "modify_ldt",
     .nr = {154, 123, -1},
     .classes = kMemory,
     .args = {{{"func", arg_constant, &kModifyLdtFunctions},
               {"ptr", arg_pointer},
               {"bytecount", arg_size}}},
     .returns = Returns::Number,
     .man = "modify_ldt(2)",
     .kernel = "arch/x86/kernel/ldt.c: modify_ldt",
     .explain = {"Reads or changes the process's local descriptor table, which 16-bit and old "
                 "threaded programs need."}},
    {.name = "set_thread_area",
     .nr = {205, 243, -1},
     .classes = kProcess,
     .args = {{{.name = "u_info", .decode = arg_user_desc, .direction = Direction::InOut}}},
     .man = "set_thread_area(2)",
     .kernel = "arch/x86/kernel/tls.c: set_thread_area",
     .explain = {"Sets a thread-local storage segment of a 32-bit thread; entry_number -1 lets the "
                 "kernel choose."}},
    {.name = "get_thread_area",
     .nr = {211, 244, -1},
     .classes = kProcess | kInfo,
     .args = {{{.name = "u_info", .decode = arg_user_desc, .direction = Direction::InOut}}},
     .man = "set_thread_area(2)",
     .kernel = "arch/x86/kernel/tls.c: get_thread_area",
     .explain = {"Reads a thread-local storage segment of a 32-bit thread."}},
    {.name = "iopl",
     .nr = {172, 110, -1},
     .classes = kProcess,
     .args = {{{"level", arg_unsigned}}},
     .man = "iopl(2)",
     .kernel = "arch/x86/kernel/ioport.c: iopl",
     .explain = {"Gives the thread access to all I/O ports."}},
    {.name = "ioperm",
     .nr = {173, 101, -1},
     .classes = kProcess,
     .args = {{{"from", arg_size}, {"num", arg_size}, {"turn_on", arg_int}}},
     .man = "ioperm(2)",
     .kernel = "arch/x86/kernel/ioport.c: ioperm",
     .explain = {"Gives the thread access to a range of I/O ports, or takes it away."}},
    {.name = "vm86old",
     .nr = {-1, 113, -1},
     .classes = kProcess,
     .args = {{{"info", arg_pointer}}},
     .returns = Returns::Number,
     .man = "vm86(2)",
     .kernel = "arch/x86/kernel/vm86_32.c: vm86old",
     .explain = {"The first entry into virtual 8086 mode; 64-bit kernels refuse it with ENOSYS."}},
    {.name = "vm86",
     .nr = {-1, 166, -1},
     .classes = kProcess,
     .args = {{{"fn", arg_size}, {"v86", arg_pointer}}},
     .returns = Returns::Number,
     .man = "vm86(2)",
     .kernel = "arch/x86/kernel/vm86_32.c: vm86",
     .explain = {"Runs 16-bit code in virtual 8086 mode; 64-bit kernels refuse it with ENOSYS."}},
};

}  // namespace

const std::span<const SyscallSpec> kX86Syscalls{kRows};

}  // namespace boxtrace::decoders
