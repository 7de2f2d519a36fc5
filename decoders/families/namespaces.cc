// Moving between namespaces, and the two names that a UTS namespace holds.
//
// unshare(2) gives the caller new namespaces, setns(2) moves it into existing ones. Two kinds are
// different: a process never leaves its pid namespace (its pid would change), nor its time
// namespace (the vdso page is mapped per process), so for these both calls only decide where
// children will be born. /proc/PID/ns/pid and ns/time stay as they are; pid_for_children and
// time_for_children change.
//
// Sources: kernel/fork.c: ksys_unshare; kernel/nsproxy.c: setns; kernel/sys.c: sethostname;
// unshare(2), setns(2), pid_namespaces(7), time_namespaces(7).

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/structs.h"
#include "decoders/tables/sched.h"

namespace boxtrace::decoders {
namespace {

constexpr SyscallSpec kRows[] = {
    {.name = "unshare",
     .nr = {272, 310, 97},
     .classes = kNamespace | kProcess,
     .args = {{{"flags", arg_constant_long, &kUnshareFlags}}},
     .observe = kObserveNs | kObserveStatus,
     .man = "unshare(2)",
     .kernel = "kernel/fork.c: ksys_unshare",
     .explain = {"Gives the caller new namespaces of its own, one per CLONE_NEW* flag, in place of "
                 "those it shared.",
                 "The links in /proc/PID/ns change at once, except that CLONE_NEWPID and "
                 "CLONE_NEWTIME only change pid_for_children and time_for_children.",
                 "After CLONE_NEWPID the caller must fork: the first child is process 1 of the new "
                 "namespace, and a shell that runs commands without one gets a short-lived process "
                 "1 and then ENOMEM from every fork. CLONE_NEWUSER is refused (EINVAL) to a "
                 "process with several threads."}},
    {.name = "setns",
     .nr = {308, 346, 268},
     .classes = kNamespace | kDesc | kProcess,
     .args = {{{"fd", arg_fd}, {"nstype", arg_constant, &kNamespaceFlags}}},
     .observe = kObserveNs | kObserveStatus | kObserveRoot | kObserveFdArgs,
     .man = "setns(2)",
     .kernel = "kernel/nsproxy.c: setns",
     .explain = {"Moves the caller into the namespace that the descriptor stands for, or, given a "
                 "pidfd, into all those of that process which nstype names.",
                 "The link in /proc/PID/ns then shows the same inode number as the target's; for a "
                 "pid namespace only pid_for_children does.",
                 "nstype 0 accepts any kind: a wrong file is joined without complaint. Joining a "
                 "mount namespace also sets root and working directory to its root, and needs "
                 "a process with one thread that shares no CLONE_FS state. The user namespace "
                 "usually goes first, because it is what gives the right to join the others."}},
    {.name = "sethostname",
     .nr = {170, 74, 161},
     .classes = kNamespace,
     .args = {{{"name", arg_buffer, nullptr, 1}, {"len", arg_unsigned}}},
     .man = "sethostname(2)",
     .kernel = "kernel/sys.c: sethostname",
     .explain = {"Sets the host name of the caller's UTS namespace.",
                 "/proc/sys/kernel/hostname, for readers in the same UTS namespace.",
                 "Without a new UTS namespace it renames the host. /etc/hostname and /etc/hosts "
                 "are files that nobody updates by this."}},
    {.name = "setdomainname",
     .nr = {171, 121, 162},
     .classes = kNamespace,
     .args = {{{"name", arg_buffer, nullptr, 1}, {"len", arg_unsigned}}},
     .man = "setdomainname(2)",
     .kernel = "kernel/sys.c: setdomainname",
     .explain =
         {"Sets the NIS domain name of the caller's UTS namespace.", "/proc/sys/kernel/domainname.",
          "It has nothing to do with DNS: `hostname -f` asks the resolver, not the kernel."}},
};

}  // namespace

const std::span<const SyscallSpec> kNamespaceSyscalls{kRows};

}  // namespace boxtrace::decoders
