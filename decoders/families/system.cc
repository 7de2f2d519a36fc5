// The machine as a whole: names, counters, randomness, kernel log, modules, swap, reboot,
// accounting.

#include <algorithm>
#include <array>

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/structs.h"
#include "decoders/tables/scheduling.h"
#include "decoders/tables/system.h"

namespace boxtrace::decoders {
namespace {

constexpr std::size_t kUtsField = 65;  // linux/utsname.h: struct new_utsname, six strings

Value arg_utsname(const CallContext& context, const ArgSpec&, std::size_t index) {
  constexpr std::array<std::string_view, 6> kNames = {"sysname", "nodename", "release",
                                                      "version", "machine",  "domainname"};
  const base::Addr addr = address(context, index);
  if (addr.value == 0) {
    return Pointer{addr};
  }
  const raw::Chunk chunk = context.memory.read(addr, kNames.size() * kUtsField);
  if (chunk.bytes.empty()) {
    return Missing{addr, chunk.failure.value_or(raw::Unreadable::Fault)};
  }
  Struct out;
  out.failure = chunk.failure;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if ((i + 1) * kUtsField > chunk.bytes.size()) {
      break;
    }
    std::string text{base::as_chars(base::ByteView{chunk.bytes}.subspan(i * kUtsField, kUtsField))};
    text.resize(std::min(text.size(), text.find('\0')));
    out.fields.push_back({kNames.at(i), Text{Text::Kind::String, std::move(text), false, {}}});
  }
  return out;
}

/// A priority in the low 15 bits of the flags, which counts when SWAP_FLAG_PREFER is set.
Value arg_swap_flags(const CallContext& context, const ArgSpec&, std::size_t index) {
  constexpr std::uint32_t kPriorityBits = 0x7fff;
  const std::uint32_t raw = low32(context, index);
  Struct out;
  out.fields.push_back({"flags", decode_constant(kSwapFlags, raw & ~kPriorityBits)});
  out.fields.push_back({"priority", Number{raw & kPriorityBits, Number::Style::Unsigned}});
  return out;
}

/// 0xffffffff asks for the personality without changing it.
Value arg_personality(const CallContext& context, const ArgSpec&, std::size_t index) {
  const std::uint32_t raw = low32(context, index);
  return raw == 0xffffffffU ? decode_number(Show::Hex, raw, 32)
                            : decode_constant(kPersonalities, raw);
}

/// Only LINUX_REBOOT_CMD_RESTART2 takes a string. reboot(2).
std::size_t used_reboot(const CallContext& context) {
  constexpr std::uint32_t kRestart2 = 0xa1b2c3d4;
  return low32(context, 2) == kRestart2 ? 4 : 3;
}

constexpr SyscallSpec kRows[] = {
    {.name = "uname",
     .nr = {63, 122, 160},
     .classes = kInfo,
     .args = {{{.name = "buf", .decode = arg_utsname, .direction = Direction::Out}}},
     .man = "uname(2)",
     .kernel = "kernel/sys.c: newuname",
     .explain = {"Tells system name, host name, kernel release, version and machine; the host name "
                 "is that of the caller's uts namespace."}},
    {.name = "olduname",
     .nr = {-1, 109, -1},
     .classes = kInfo,
     .args = {{{.name = "buf", .decode = arg_pointer, .direction = Direction::Out}}},
     .man = "uname(2)",
     .kernel = "kernel/sys.c: uname",
     .explain = {"The second 32-bit uname, without the domain name."}},
    {.name = "oldolduname",
     .nr = {-1, 59, -1},
     .classes = kInfo,
     .args = {{{.name = "buf", .decode = arg_pointer, .direction = Direction::Out}}},
     .man = "uname(2)",
     .kernel = "kernel/sys.c: olduname",
     .explain = {"The first 32-bit uname, whose strings hold 8 characters."}},
    {.name = "sysinfo",
     .nr = {99, 116, 179},
     .classes = kInfo,
     .args = {{{.name = "info", .decode = arg_pointer, .direction = Direction::Out}}},
     .man = "sysinfo(2)",
     .kernel = "kernel/sys.c: sysinfo",
     .explain = {"Tells uptime, load, memory and swap of the machine; a container's memory limit "
                 "does not show here."}},
    {.name = "getrandom",
     .nr = {318, 355, 278},
     .classes = kInfo,
     .args = {{{.name = "buf", .decode = arg_pointer, .direction = Direction::Out},
               {"buflen", arg_size},
               {"flags", arg_constant, &kRandomFlags}}},
     .returns = Returns::Size,
     .man = "getrandom(2)",
     .kernel = "drivers/char/random.c: getrandom",
     .explain = {"Fills a buffer with random bytes without needing a file."}},
    {.name = "syslog",
     .nr = {103, 103, 116},
     .classes = kInfo,
     .args = {{{"type", arg_constant, &kSyslogActions}, {"bufp", arg_pointer}, {"len", arg_int}}},
     .returns = Returns::Number,
     .man = "syslog(2)",
     .kernel = "kernel/printk/printk.c: syslog",
     .explain = {"Reads or controls the kernel's log; no namespace isolates it, so container "
                 "profiles refuse it."}},
    {.name = "personality",
     .nr = {135, 136, 92},
     .classes = kProcess,
     .args = {{{"persona", arg_personality, &kPersonalities}}},
     .returns = Returns::Number,
     .man = "personality(2)",
     .kernel = "kernel/exec_domain.c: personality",
     .explain = {"Sets compatibility quirks of the process, such as no address randomisation, and "
                 "returns the old ones; 0xffffffff only asks."}},
    {.name = "reboot",
     .nr = {169, 88, 142},
     .classes = kProcess,
     .args = {{{"magic", arg_constant, &kRebootMagic},
               {"magic2", arg_constant, &kRebootMagic2},
               {"cmd", arg_constant, &kRebootCommands},
               {"arg", arg_string}}},
     .man = "reboot(2)",
     .kernel = "kernel/reboot.c: reboot",
     .explain = {"Restarts or halts the machine; in another than the first pid namespace it kills "
                 "that namespace's init instead."},
     .used_args = used_reboot},
    {.name = "kexec_load",
     .nr = {246, 283, 104},
     .classes = kProcess,
     .args = {{{"entry", arg_hex},
               {"nr_segments", arg_size},
               {"segments", arg_pointer},
               {"flags", arg_constant_long, &kKexecFlags}}},
     .man = "kexec_load(2)",
     .kernel = "kernel/kexec.c: kexec_load",
     .explain = {"Loads a kernel that a later reboot starts without the firmware."}},
    {.name = "kexec_file_load",
     .nr = {320, -1, 294},
     .classes = kProcess | kDesc,
     .args = {{{"kernel_fd", arg_fd},
               {"initrd_fd", arg_fd},
               {"cmdline_len", arg_size},
               {.name = "cmdline", .decode = arg_buffer, .size_arg = 2},
               {"flags", arg_constant_long, &kKexecFileFlags}}},
     .man = "kexec_load(2)",
     .kernel = "kernel/kexec_file.c: kexec_file_load",
     .explain = {"Loads a signed kernel image from a descriptor for a later reboot."}},
    {.name = "init_module",
     .nr = {175, 128, 105},
     .classes = kProcess,
     .args = {{{"module_image", arg_pointer}, {"len", arg_size}, {"param_values", arg_string}}},
     .man = "init_module(2)",
     .kernel = "kernel/module/main.c: init_module",
     .explain = {"Loads a kernel module from memory."}},
    {.name = "finit_module",
     .nr = {313, 350, 273},
     .classes = kProcess | kDesc,
     .args = {{{"fd", arg_fd},
               {"param_values", arg_string},
               {"flags", arg_constant, &kModuleInitFlags}}},
     .man = "init_module(2)",
     .kernel = "kernel/module/main.c: finit_module",
     .explain = {"Loads a kernel module from a file."}},
    {.name = "delete_module",
     .nr = {176, 129, 106},
     .classes = kProcess,
     .args = {{{"name", arg_string}, {"flags", arg_constant, &kModuleDeleteFlags}}},
     .man = "delete_module(2)",
     .kernel = "kernel/module/main.c: delete_module",
     .explain = {"Unloads a kernel module."}},
    {.name = "swapon",
     .nr = {167, 87, 224},
     .classes = kFile | kMemory,
     .args = {{{"path", arg_path}, {"swapflags", arg_swap_flags}}},
     .man = "swapon(2)",
     .kernel = "mm/swapfile.c: swapon",
     .explain = {"Starts swapping to a file or block device."}},
    {.name = "swapoff",
     .nr = {168, 115, 225},
     .classes = kFile | kMemory,
     .args = {{{"path", arg_path}}},
     .man = "swapon(2)",
     .kernel = "mm/swapfile.c: swapoff",
     .explain = {"Stops swapping to a file or block device, reading everything back first."}},
    {.name = "acct",
     .nr = {163, 51, 89},
     .classes = kFile,
     .args = {{{"filename", arg_path}}},
     .man = "acct(2)",
     .kernel = "kernel/acct.c: acct",
     .explain = {"Starts writing a record of every process that ends to a file, per pid namespace; "
                 "NULL stops it."}},
    {.name = "vhangup",
     .nr = {153, 111, 58},
     .classes = kDesc,
     .man = "vhangup(2)",
     .kernel = "fs/open.c: vhangup",
     .explain = {"Hangs up the controlling terminal, so that the next login gets a clean one."}},
};

}  // namespace

const std::span<const SyscallSpec> kSystemSyscalls{kRows};

}  // namespace boxtrace::decoders
