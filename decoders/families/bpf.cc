// bpf(2), at the level of the command: what a runtime does with it is to load a program that
// decides on devices (cgroup v2) and to attach it.
//
// Sources: kernel/bpf/syscall.c: __sys_bpf; bpf(2).

#include "decoders/tables/bpf.h"
#include "decoders/args.h"
#include "decoders/families/families.h"

namespace boxtrace::decoders {
namespace {

constexpr SyscallSpec kRows[] = {
    {.name = "bpf",
     .nr = {321, 357, 280},
     .classes = kBpf | kCgroup,
     .args = {{{"cmd", arg_constant, &kBpfCommands},
               {"attr", arg_pointer},
               {"size", arg_unsigned}}},
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
