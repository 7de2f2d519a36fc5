// How processes come into being, turn into other programs, end, and are waited for and signalled.
//
// One kernel function, kernel_clone, stands behind fork, vfork, clone and clone3. What differs is
// how the arguments arrive. clone(2) packs the exit signal into the low byte of its flags, and the
// order of its last two arguments is not the same everywhere: x86-64 passes (child_tid, tls), i386
// and aarch64 pass (tls, child_tid) (CONFIG_CLONE_BACKWARDS), hence two rows. clone3(2) passes a
// struct that has grown twice (64, 80, 88 bytes) and carries its size: a longer one is fine as long
// as what we do not know is zero, and what is not zero we show.
//
// Sources: kernel/fork.c, fs/exec.c, kernel/exit.c, kernel/signal.c, kernel/pid.c; clone(2),
// execve(2), wait(2).

#include <algorithm>

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/families/time_args.h"
#include "decoders/siginfo.h"
#include "decoders/structs.h"
#include "decoders/tables/fcntl.h"
#include "decoders/tables/pidfd.h"
#include "decoders/tables/sched.h"
#include "decoders/tables/signals.h"
#include "decoders/tables/wait.h"

namespace boxtrace::decoders {
namespace {

constexpr std::uint64_t kClonePidfd = 0x1000;
constexpr std::uint64_t kCloneParentSettid = 0x100000;

/// clone(2)'s first argument: flags and, in the low byte, a signal.
Value arg_clone_flags(const CallContext& context, const ArgSpec&, std::size_t index) {
  const std::uint64_t raw = word(context, index);
  const std::uint64_t signal = raw & kExitSignalMask;
  Value value = decode_constant(kCloneFlags, raw & ~kExitSignalMask);
  auto& flags = *value.as<Flags>();
  flags.raw = raw;
  if (signal != 0) {
    const Constant* known = kSignals.find(signal);
    if (known != nullptr) {
      flags.names.push_back(known->name);
    } else {
      flags.unknown |= signal;
    }
  }
  return value;
}

/// What the kernel wrote at `addr` for the parent: a pidfd, a tid, or nothing.
Value decode_parent_tid(const CallContext& context, base::Addr addr, std::uint64_t flags) {
  if ((flags & kClonePidfd) != 0) {
    return decode_array(context, addr, 1, {"", Width::W32, Show::Fd});
  }
  if ((flags & kCloneParentSettid) != 0) {
    return decode_array(context, addr, 1, {"", Width::W32, Show::Pid});
  }
  return Pointer{addr};
}

Value arg_clone_parent_tid(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_parent_tid(context, address(context, index), word(context, 0));
}

constexpr FieldSpec kCloneArgs[] = {
    {"flags", Width::W64, Show::Constant, &kClone3Flags},
    {"pidfd", Width::W64, Show::Pointer},
    {"child_tid", Width::W64, Show::Pointer},
    {"parent_tid", Width::W64, Show::Pointer},
    {"exit_signal", Width::W64, Show::Signal},
    {"stack", Width::W64, Show::Pointer},
    {"stack_size", Width::W64, Show::Unsigned},
    {"tls", Width::W64, Show::Hex},
    {"set_tid", Width::W64, Show::Pointer},
    {"set_tid_size", Width::W64, Show::Unsigned},
    {"cgroup", Width::W64, Show::Fd},
};

base::Addr pointer_field(const Value& fields, std::string_view name) {
  const Value* field = fields.field(name);
  const Pointer* pointer = field != nullptr ? field->as<Pointer>() : nullptr;
  return pointer != nullptr ? pointer->addr : base::Addr{};
}

std::uint64_t number_field(const Value& fields, std::string_view name) {
  const Value* field = fields.field(name);
  return field != nullptr ? field->raw().value_or(0) : 0;
}

/// At exit, the values that the kernel wrote where clone_args points: `{pidfd=[5]}`.
Value decode_clone_results(const CallContext& context, const Value& args, base::Addr addr) {
  const std::uint64_t flags = number_field(args, "flags");
  Struct written;
  if ((flags & kClonePidfd) != 0) {
    written.fields.push_back({"pidfd", decode_array(context, pointer_field(args, "pidfd"), 1,
                                                    {"", Width::W32, Show::Fd})});
  }
  if ((flags & kCloneParentSettid) != 0) {
    written.fields.push_back({"parent_tid", decode_array(context, pointer_field(args, "parent_tid"),
                                                         1, {"", Width::W32, Show::Pid})});
  }
  return written.fields.empty() ? Value{Pending{addr}} : Value{written};
}

Value arg_clone_args(const CallContext& context, const ArgSpec&, std::size_t index) {
  const base::Addr addr = address(context, index);
  const std::uint64_t size = word(context, 1);
  if (context.outcome != nullptr && context.outcome->kind != raw::Outcome::Kind::Returned) {
    return Pending{addr};
  }
  if (size == 0) {
    return Pointer{addr};
  }
  Value value = decode_struct(context, addr, kCloneArgs, size);
  if (context.outcome != nullptr) {
    return decode_clone_results(context, value, addr);
  }
  const base::Addr set_tid = pointer_field(value, "set_tid");
  const std::uint64_t count = number_field(value, "set_tid_size");
  if (auto* fields = value.as<Struct>(); fields != nullptr && set_tid.value != 0 && count != 0) {
    const auto field =
        std::find_if(fields->fields.begin(), fields->fields.end(),
                     [](const Field& candidate) { return candidate.name == "set_tid"; });
    field->value = decode_array(context, set_tid, count, {"", Width::W32, Show::Pid});
  }
  return value;
}

/// The `status` of wait4(2), taken apart. Source: bits/waitstatus.h; linux/ptrace.h for events.
Value arg_wait_status(const CallContext& context, const ArgSpec&, std::size_t index) {
  const base::Addr addr = address(context, index);
  if (addr.value == 0 || context.outcome == nullptr || context.outcome->value == 0) {
    return Pointer{addr};  // no child changed its state: nothing was written
  }
  const raw::Chunk chunk = context.memory.read(addr, 4);
  const auto status = base::read_le<std::uint32_t>(chunk.bytes, 0);
  if (!status) {
    return Missing{addr, chunk.failure.value_or(raw::Unreadable::Fault)};
  }
  Struct parts;
  const std::uint32_t low = *status & 0x7fU;
  const std::uint32_t high = (*status >> 8) & 0xffU;
  if (*status == 0xffffU) {
    parts.fields.push_back({"continued", Number{1}});
  } else if (low == 0) {
    parts.fields.push_back({"exited", Number{high}});
  } else if (low == 0x7fU) {
    parts.fields.push_back({"stopped", decode_constant(kSignals, high & 0x7fU)});
    if (*status >> 16 != 0) {
      parts.fields.push_back({"event", Number{*status >> 16}});
    }
  } else {
    parts.fields.push_back({"killed", decode_constant(kSignals, low)});
    if ((*status & 0x80U) != 0) {
      parts.fields.push_back({"core_dumped", Number{1}});
    }
  }
  return parts;
}

Value arg_siginfo(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_siginfo(context, address(context, index));
}

/// What the child used. Nothing is written when no child changed its state.
Value arg_child_rusage(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  if (context.outcome == nullptr || context.outcome->value == 0) {
    return Pointer{address(context, index)};
  }
  return if_captured(arg_rusage(context, arg, index), Pointer{address(context, index)});
}

/// waitid's second argument: what it is, the first one says.
Value arg_waitid_id(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  constexpr std::uint32_t kPidfdType = 3;  // P_PIDFD
  return low32(context, 0) == kPidfdType ? arg_fd(context, arg, index)
                                         : arg_pid(context, arg, index);
}

constexpr std::uint32_t kBirth = kProcess;

constexpr SyscallSpec kRows[] = {
    {.name = "fork",
     .nr = {57, 2, -1},
     .classes = kBirth,
     .returns = Returns::Pid,
     .man = "fork(2)",
     .kernel = "kernel/fork.c: kernel_clone",
     .explain = {"Makes a child that is a copy of the caller: own memory, the same open files, the "
                 "same namespaces.",
                 "A new /proc/PID with PPid set to the caller.",
                 "After unshare(CLONE_NEWPID) it is the first fork that fills the new pid "
                 "namespace, and its child is process 1 there. If that one has died, fork fails "
                 "with ENOMEM: `Cannot allocate memory` is then not about memory."}},
    {.name = "vfork",
     .nr = {58, 190, -1},
     .classes = kBirth,
     .returns = Returns::Pid,
     .man = "vfork(2)",
     .kernel = "kernel/fork.c: kernel_clone",
     .explain =
         {"Makes a child that borrows the caller's memory; the caller sleeps until the child "
          "calls execve or dies.",
          "State D in the parent's /proc/PID/status while it waits.",
          "In a trace the child's calls stand before the line in which the parent's vfork "
          "returns, although the parent called first."}},
    {.name = "clone",
     .nr = {56, -1, -1},
     .classes = kBirth | kNamespace,
     .args = {{{"flags", arg_clone_flags, &kCloneFlags},
               {"stack", arg_pointer},
               {"parent_tid", arg_clone_parent_tid, nullptr, -1, Direction::Out},
               {"child_tid", arg_pointer},
               {"tls", arg_hex}}},
     .returns = Returns::Pid,
     .man = "clone(2)",
     .kernel = "kernel/fork.c: kernel_clone",
     .explain =
         {"Makes a child and says with flags what it shares with its maker and which "
          "namespaces it gets anew. With CLONE_NEW* flags the child, not the caller, lives "
          "in them.",
          "The child's /proc/PID/ns links differ from the caller's for each CLONE_NEW* flag.",
          "The pid it returns is the one the caller's namespace uses; a child made with "
          "CLONE_NEWPID calls itself 1. CLONE_NEWTIME cannot be asked for here."}},
    {.name = "clone",
     .nr = {-1, 120, 220},
     .classes = kBirth | kNamespace,
     .args = {{{"flags", arg_clone_flags, &kCloneFlags},
               {"stack", arg_pointer},
               {"parent_tid", arg_clone_parent_tid, nullptr, -1, Direction::Out},
               {"tls", arg_hex},
               {"child_tid", arg_pointer}}},
     .returns = Returns::Pid,
     .man = "clone(2)",
     .kernel = "kernel/fork.c: kernel_clone",
     .explain =
         {"Makes a child and says with flags what it shares with its maker and which "
          "namespaces it gets anew. With CLONE_NEW* flags the child, not the caller, lives "
          "in them.",
          "The child's /proc/PID/ns links differ from the caller's for each CLONE_NEW* flag.",
          "The last two arguments change places between architectures: here tls comes "
          "first, on x86-64 child_tid does."}},
    {.name = "clone3",
     .nr = {435, 435, 435},
     .classes = kBirth | kNamespace,
     .args = {{{"cl_args", arg_clone_args, &kClone3Flags, 1, Direction::InOut},
               {"size", arg_size}}},
     .returns = Returns::Pid,
     .observe = kObserveFdArgs,
     .man = "clone(2)",
     .kernel = "kernel/fork.c: kernel_clone",
     .explain =
         {"clone with its arguments in a struct: room for 64 bits of flags, for chosen pids "
          "(set_tid) and for the cgroup that the child is born into.",
          "As for clone; with CLONE_INTO_CGROUP also /proc/PID/cgroup from the first moment.",
          "A seccomp filter cannot see the flags, since they are behind a pointer, so the "
          "profiles of docker and podman answer ENOSYS to make the C library fall back to "
          "clone. An EPERM there breaks programs that would have fallen back."}},
    {.name = "execve",
     .nr = {59, 11, 221},
     .classes = kProcess | kFile,
     .args = {{{"pathname", arg_path}, {"argv", arg_argv}, {"envp", arg_envp}}},
     .observe = kObserveFdArgs,
     .man = "execve(2)",
     .kernel = "fs/exec.c: do_execveat_common",
     .explain =
         {"Replaces the program: new memory, the same process. Descriptors without "
          "close-on-exec, namespaces, cgroup, seccomp filters and no_new_privs stay.",
          "/proc/PID/exe, cmdline and comm change, the pid does not.",
          "Capabilities are computed anew: a program without file capabilities that is not run by "
          "root keeps only the ambient set. ENOENT may name the wrong culprit: the file "
          "exists, but its `#!` interpreter or its dynamic loader is missing in this root."}},
    {.name = "execveat",
     .nr = {322, 358, 281},
     .classes = kProcess | kFile | kDesc,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"argv", arg_argv},
               {"envp", arg_envp},
               {"flags", arg_constant, &kExecveatFlags}}},
     .observe = kObserveFdArgs,
     .man = "execveat(2)",
     .kernel = "fs/exec.c: do_execveat_common",
     .explain =
         {"execve of a file named by a descriptor. With an empty path and AT_EMPTY_PATH the "
          "descriptor itself is the program.",
          "/proc/PID/exe may read `/memfd:... (deleted)`: the program is a sealed copy in "
          "memory.",
          "Runtimes start themselves that way so that the container cannot write to their binary "
          "through /proc/PID/exe (CVE-2019-5736). A script run from a close-on-exec "
          "descriptor fails with ENOENT: its interpreter cannot open it any more."}},
    {.name = "exit",
     .nr = {60, 1, 93},
     .classes = kProcess,
     .args = {{{"status", arg_int}}},
     .returns = Returns::Never,
     .man = "_exit(2)",
     .kernel = "kernel/exit.c: do_exit",
     .explain = {"Ends this thread, and the process if it was the last one. The low eight bits are "
                 "the exit status.",
                 "The process stays as a zombie (State Z) until its parent waits for it.", ""}},
    {.name = "exit_group",
     .nr = {231, 252, 94},
     .classes = kProcess,
     .args = {{{"status", arg_int}}},
     .returns = Returns::Never,
     .man = "exit_group(2)",
     .kernel = "kernel/exit.c: do_group_exit",
     .explain =
         {"Ends all threads of the process. The low eight bits are the exit status.",
          "The process stays as a zombie (State Z) until its parent waits for it.",
          "When process 1 of a pid namespace does this, the kernel sends SIGKILL to everybody "
          "else in the namespace before the exit completes."}},
    {.name = "wait4",
     .nr = {61, 114, 260},
     .classes = kProcess,
     .args = {{{"pid", arg_pid},
               {"wstatus", arg_wait_status, nullptr, -1, Direction::Out},
               {"options", arg_constant, &kWaitOptions},
               {"rusage", arg_child_rusage, nullptr, -1, Direction::Out}}},
     .returns = Returns::Pid,
     .man = "wait4(2)",
     .kernel = "kernel/exit.c: kernel_wait4",
     .explain =
         {"Waits for a child to end and collects its status, which removes the zombie.",
          "The child's /proc/PID disappears.",
          "Orphans of a container are adopted by its process 1. If that one does not wait for "
          "children it did not make, zombies pile up: the reason for tini and `docker run "
          "--init`."}},
    {.name = "waitid",
     .nr = {247, 284, 95},
     .classes = kProcess,
     .args = {{{"idtype", arg_constant, &kWaitidTypes},
               {"id", arg_waitid_id},
               {"infop", arg_siginfo, nullptr, -1, Direction::Out},
               {"options", arg_constant, &kWaitidOptions},
               {"rusage", arg_pointer}}},
     .man = "waitid(2)",
     .kernel = "kernel/exit.c: kernel_waitid",
     .explain =
         {"Waits for children chosen by pid, group or pidfd, and says what happened to them.",
          "The zombie goes, unless WNOWAIT was asked for.",
          "With WNOHANG and nothing to report it succeeds and leaves zeros in the struct."}},
    {.name = "waitpid",
     .nr = {-1, 7, -1},
     .classes = kProcess,
     .args = {{{"pid", arg_pid},
               {"wstatus", arg_wait_status, nullptr, -1, Direction::Out},
               {"options", arg_constant, &kWaitOptions}}},
     .returns = Returns::Pid,
     .man = "waitpid(2)",
     .kernel = "kernel/exit.c: kernel_wait4",
     .explain = {"The wait4 of 32-bit programs, without resource usage.",
                 "The child's /proc/PID disappears.", ""}},
    {.name = "pidfd_open",
     .nr = {434, 434, 434},
     .classes = kProcess,
     .args = {{{"pid", arg_pid}, {"flags", arg_constant, &kPidfdOpenFlags}}},
     .returns = Returns::Fd,
     .man = "pidfd_open(2)",
     .kernel = "kernel/pid.c: pidfd_create",
     .explain = {"A descriptor that stands for a process and never for a later one with the same "
                 "number. setns takes it in place of namespace files.",
                 "/proc/self/fdinfo/N shows Pid: and NSpid: of the process.",
                 "The pid is looked up in the caller's pid namespace: a number read inside a "
                 "container means another process, or none, outside."}},
    {.name = "pidfd_send_signal",
     .nr = {424, 424, 424},
     .classes = kProcess | kSignal | kDesc,
     .args = {{{"pidfd", arg_fd},
               {"sig", arg_signal},
               {"info", arg_siginfo},
               {"flags", arg_constant, &kPidfdSignalFlags}}},
     .man = "pidfd_send_signal(2)",
     .kernel = "kernel/signal.c: pidfd_send_signal",
     .explain =
         {"kill through a descriptor: it cannot hit a stranger that has inherited the number.", "",
          "The caller must be in the target's pid namespace or one above it, or it gets EINVAL."}},
    {.name = "pidfd_getfd",
     .nr = {438, 438, 438},
     .classes = kProcess | kDesc,
     .args = {{{"pidfd", arg_fd}, {"targetfd", arg_int}, {"flags", arg_hex32}}},
     .returns = Returns::Fd,
     .man = "pidfd_getfd(2)",
     .kernel = "kernel/pid.c: pidfd_getfd",
     .explain = {"Takes a duplicate of another process's descriptor, without its cooperation.",
                 "A new link in the caller's /proc/self/fd to the same open file.",
                 "It needs the right to ptrace the target (PTRACE_MODE_ATTACH_REALCREDS)."}},
    {.name = "kill",
     .nr = {62, 37, 129},
     .classes = kProcess | kSignal,
     .args = {{{"pid", arg_pid}, {"sig", arg_signal}}},
     .man = "kill(2)",
     .kernel = "kernel/signal.c: kill_something_info",
     .explain =
         {"Sends a signal to a process, to a group (negative or 0), or to all that the caller "
          "may reach (-1).",
          "SigPnd and ShdPnd in /proc/PID/status until it is delivered.",
          "Process 1 of a pid namespace gets only signals it has a handler for, when they come "
          "from inside: `kill -9 1` in a container does nothing."}},
    {.name = "tkill",
     .nr = {200, 238, 130},
     .classes = kProcess | kSignal,
     .args = {{{"tid", arg_pid}, {"sig", arg_signal}}},
     .man = "tkill(2)",
     .kernel = "kernel/signal.c: do_tkill",
     .explain = {"Sends a signal to one thread.", "SigPnd of /proc/PID/task/TID/status.",
                 "The thread may have died and its number may belong to another process: tgkill "
                 "checks that."}},
    {.name = "tgkill",
     .nr = {234, 270, 131},
     .classes = kProcess | kSignal,
     .args = {{{"tgid", arg_pid}, {"tid", arg_pid}, {"sig", arg_signal}}},
     .man = "tgkill(2)",
     .kernel = "kernel/signal.c: do_tkill",
     .explain = {"Sends a signal to one thread of a given process. The Go runtime uses it with "
                 "SIGURG to interrupt its own threads.",
                 "SigPnd of /proc/PID/task/TID/status.", ""}},
    {.name = "rt_sigqueueinfo",
     .nr = {129, 178, 138},
     .classes = kProcess | kSignal,
     .args = {{{"tgid", arg_pid}, {"sig", arg_signal}, {"info", arg_siginfo}}},
     .man = "rt_sigqueueinfo(2)",
     .kernel = "kernel/signal.c: do_rt_sigqueueinfo",
     .explain =
         {"Sends a signal together with a value.", "SigQ in /proc/PID/status counts it.",
          "Only a process that signals itself may claim that the kernel or kill(2) sent it."}},
    {.name = "rt_tgsigqueueinfo",
     .nr = {297, 335, 240},
     .classes = kProcess | kSignal,
     .args = {{{"tgid", arg_pid}, {"tid", arg_pid}, {"sig", arg_signal}, {"info", arg_siginfo}}},
     .man = "rt_tgsigqueueinfo(2)",
     .kernel = "kernel/signal.c: do_rt_tgsigqueueinfo",
     .explain = {"Sends a signal together with a value to one thread.",
                 "SigQ in /proc/PID/status counts it.", ""}},
};

}  // namespace

const std::span<const SyscallSpec> kProcessSyscalls{kRows};

}  // namespace boxtrace::decoders
