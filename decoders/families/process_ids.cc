// Numbers of processes, groups and sessions. Which number a call gives depends on who asks.

#include "decoders/args.h"
#include "decoders/families/families.h"

namespace boxtrace::decoders {
namespace {

constexpr SyscallSpec kRows[] = {
    {.name = "getpid",
     .nr = {39, 20, 172},
     .classes = kProcess | kInfo,
     .returns = Returns::Pid,
     .man = "getpid(2)",
     .kernel = "kernel/sys.c: getpid",
     .explain = {"Returns the number of the calling process in its own pid namespace; the first "
                 "process of a container sees 1."}},
    {.name = "gettid",
     .nr = {186, 224, 178},
     .classes = kProcess | kInfo,
     .returns = Returns::Pid,
     .man = "gettid(2)",
     .kernel = "kernel/sys.c: gettid",
     .explain = {"Returns the number of the calling thread in its own pid namespace; the thread "
                 "that leads a process has the process's number."}},
    {.name = "getppid",
     .nr = {110, 64, 173},
     .classes = kProcess | kInfo,
     .returns = Returns::Pid,
     .man = "getpid(2)",
     .kernel = "kernel/sys.c: getppid",
     .explain = {"Returns the number of the parent; 0 when the parent is in a pid namespace above, "
                 "as for the first process of a container."}},
    {.name = "getpgid",
     .nr = {121, 132, 155},
     .classes = kProcess | kInfo,
     .args = {{{"pid", arg_pid}}},
     .returns = Returns::Pid,
     .man = "setpgid(2)",
     .kernel = "kernel/sys.c: getpgid",
     .explain = {"Returns the process group of a process; 0 names the caller."}},
    {.name = "getpgrp",
     .nr = {111, 65, -1},
     .classes = kProcess | kInfo,
     .returns = Returns::Pid,
     .man = "setpgid(2)",
     .kernel = "kernel/sys.c: getpgrp",
     .explain = {"Returns the process group of the caller."}},
    {.name = "setpgid",
     .nr = {109, 57, 154},
     .classes = kProcess,
     .args = {{{"pid", arg_pid}, {"pgid", arg_pid}}},
     .man = "setpgid(2)",
     .kernel = "kernel/sys.c: setpgid",
     .explain = {"Moves a process into a process group of its session; shells make a job of it."}},
    {.name = "getsid",
     .nr = {124, 147, 156},
     .classes = kProcess | kInfo,
     .args = {{{"pid", arg_pid}}},
     .returns = Returns::Pid,
     .man = "getsid(2)",
     .kernel = "kernel/sys.c: getsid",
     .explain = {"Returns the session of a process; 0 names the caller."}},
    {.name = "setsid",
     .nr = {112, 66, 157},
     .classes = kProcess,
     .returns = Returns::Pid,
     .man = "setsid(2)",
     .kernel = "kernel/sys.c: setsid",
     .explain = {"Starts a session without a controlling terminal; runtimes do it before they give "
                 "a container its own terminal, and it fails for the leader of a process group."}},
    {.name = "set_tid_address",
     .nr = {218, 258, 96},
     .classes = kProcess | kSync,
     .args = {{{"tidptr", arg_pointer}}},
     .returns = Returns::Pid,
     .man = "set_tid_address(2)",
     .kernel = "kernel/fork.c: set_tid_address",
     .explain = {"Says where the kernel writes 0 and wakes a futex when the thread ends, and "
                 "returns the thread's number; the C library calls it at start."}},
};

}  // namespace

const std::span<const SyscallSpec> kProcessIdSyscalls{kRows};

}  // namespace boxtrace::decoders
