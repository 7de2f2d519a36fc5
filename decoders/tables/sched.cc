// Flags that say what a new task shares with its maker, and which namespaces are new.
//
// The low byte of clone(2)'s flags is the signal sent to the parent when the child dies (CSIGNAL).
// CLONE_NEWTIME is 0x80, which lies in that byte: clone(2) cannot make a time namespace, it
// takes the bit for a part of the signal number and succeeds. clone3(2), where the signal has a
// field of its own, and unshare(2) can. The flags above 32 bits exist for clone3(2) alone.
//
// Sources: include/uapi/linux/sched.h; kernel/fork.c: copy_process, kernel_clone;
// kernel/nsproxy.c: create_new_namespaces; clone(2), namespaces(7).

#include "decoders/tables/sched.h"

#include <array>

namespace boxtrace::decoders {
namespace {

constexpr Constant kVm{
    0x100,
    "CLONE_VM",
    {"The child runs in the same memory as its parent, as a thread does, not in a copy of it.",
     "Both show the same /proc/PID/maps.",
     "A runtime that clones with CLONE_VM must give the child a stack of its own, or the two "
     "overwrite each other's frames; CLONE_VFORK makes the parent wait, which makes sharing the "
     "stack survivable."}};
constexpr Constant kFs{
    0x200,
    "CLONE_FS",
    {"Root directory, working directory and umask are one object for both: a chdir in one moves "
     "the "
     "other.",
     "/proc/PID/cwd and /proc/PID/root change together.",
     "Who shares them may not make a new mount namespace or join one: unshare undoes the sharing "
     "by itself, setns answers EINVAL. That is why a threaded Go program cannot simply call "
     "setns on a mount namespace."}};
constexpr Constant kFiles{
    0x400,
    "CLONE_FILES",
    {"One table of file descriptors for both: what one opens or closes, the other sees.",
     "/proc/PID/fd is the same list.",
     "A helper child that shares the table can open a descriptor inside a container on behalf of "
     "its parent, and can close one that the parent still needs."}};
constexpr Constant kSighand{
    0x800,
    "CLONE_SIGHAND",
    {"One table of signal handlers for both; it requires CLONE_VM, since handlers are addresses.",
     "SigCgt and SigIgn of /proc/PID/status change together.",
     "Masks of blocked signals stay apart."}};
constexpr Constant kPidfd{
    0x1000,
    "CLONE_PIDFD",
    {"The parent is also given a descriptor that stands for the child: poll says when it is dead, "
     "pidfd_send_signal cannot hit a stranger that got the same number.",
     "/proc/PID/fdinfo/N of the descriptor has a line Pid:.",
     "clone(2) writes the descriptor where parent_tid points, so there it excludes "
     "CLONE_PARENT_SETTID; clone3(2) has a field for it."}};
constexpr Constant kPtrace{0x2000,
                           "CLONE_PTRACE",
                           {"If the parent is being traced, so will the child be, whether the "
                            "tracer asked for children or "
                            "not.",
                            "TracerPid in /proc/PID/status.", ""}};
constexpr Constant kVfork{0x4000,
                          "CLONE_VFORK",
                          {"The parent sleeps until the child has called execve or died.",
                           "The parent's state in /proc/PID/status is D while it waits.",
                           "The wait cannot be interrupted by signals other than fatal ones: a "
                           "child that hangs before its "
                           "execve hangs the parent."}};
constexpr Constant kParent{
    0x8000,
    "CLONE_PARENT",
    {"The child becomes a sibling: its parent is the caller's parent, who also gets its exit "
     "signal.",
     "PPid in /proc/PID/status is the caller's own PPid.",
     "runc's bootstrap uses it so that the process that ends up as the container is a child of "
     "`runc create`, although a grandchild made it. The init of a pid namespace may not use it: "
     "EINVAL."}};
constexpr Constant kThread{
    0x10000,
    "CLONE_THREAD",
    {"The child is a thread of the caller's process: same pid, a tid of its own, no exit signal.",
     "A new directory in /proc/PID/task.",
     "It requires CLONE_SIGHAND and so CLONE_VM, and excludes CLONE_NEWUSER and CLONE_NEWPID: the "
     "threads of a process share one pid namespace and one user namespace."}};
constexpr Constant kNewNs{
    0x20000,
    "CLONE_NEWNS",
    {"A new mount namespace: a copy of every mount the caller sees, which can then be changed "
     "apart "
     "from the original.",
     "/proc/PID/ns/mnt changes its inode number; /proc/PID/mountinfo shows the same mounts under "
     "new mount ids.",
     "The copies stay in the peer groups of their originals: where the host's mounts are shared "
     "(systemd makes them so), a mount made inside still appears on the host until the tree is "
     "made "
     "private or slave (mount with MS_REC|MS_SLAVE). When CLONE_NEWUSER comes with it, the kernel "
     "makes the copies slaves by itself."}};
constexpr Constant kSysvsem{
    0x40000,
    "CLONE_SYSVSEM",
    {"System V semaphore adjustments (SEM_UNDO) are undone when the last of the sharers dies, not "
     "each one's at its own end.",
     "", "It excludes CLONE_NEWIPC."}};
constexpr Constant kSettls{
    0x80000,
    "CLONE_SETTLS",
    {"The child's thread-local storage is where `tls` says.", "",
     "On x86-64 tls is an address for the FS register; on i386 it points to a struct user_desc."}};
constexpr Constant kParentSettid{
    0x100000,
    "CLONE_PARENT_SETTID",
    {"The child's tid is written into the parent's memory before the call returns.", "",
     "The number is the one of the parent's pid namespace, which is not what the child calls "
     "itself if the two live in different ones."}};
constexpr Constant kChildCleartid{
    0x200000,
    "CLONE_CHILD_CLEARTID",
    {"When the child dies the kernel zeroes child_tid and wakes a futex there; pthread_join waits "
     "for that.",
     "", ""}};
constexpr Constant kDetached{
    0x400000,
    "CLONE_DETACHED",
    {"Has no meaning any more; the kernel ignores it in clone(2) and refuses it in clone3(2).", "",
     "With CLONE_PIDFD it is refused, so that the bit can be given a meaning one day."}};
constexpr Constant kUntraced{
    0x800000,
    "CLONE_UNTRACED",
    {"A tracer does not get this child automatically.", "TracerPid of the child is 0.",
     "It is how a program steps out of the sight of strace -f."}};
constexpr Constant kChildSettid{
    0x1000000,
    "CLONE_CHILD_SETTID",
    {"The child's tid is written into the child's own memory, as its own pid namespace numbers it.",
     "",
     "The C library's fork uses it to learn the child's tid: in the first child of a new pid "
     "namespace the number written is 1."}};
constexpr Constant kNewCgroup{
    0x2000000,
    "CLONE_NEWCGROUP",
    {"A new cgroup namespace: the cgroup that the caller is in at that moment becomes / in all it "
     "reads.",
     "/proc/PID/cgroup, read from inside, shows / instead of the long path; mounts of cgroup2 made "
     "inside have their root there.",
     "It hides paths and limits nothing, and it takes a picture of the moment: a runtime must move "
     "the process into its cgroup first and make the namespace after."}};
constexpr Constant kNewUts{
    0x4000000,
    "CLONE_NEWUTS",
    {"A new UTS namespace: host name and NIS domain name, copied from the caller's, can be changed "
     "without the host noticing.",
     "/proc/PID/ns/uts; /proc/sys/kernel/hostname shows the name of the reader's own namespace.",
     "The kernel release that uname reports is not part of it: every container shows the host's "
     "kernel."}};
constexpr Constant kNewIpc{
    0x8000000,
    "CLONE_NEWIPC",
    {"A new IPC namespace: System V message queues, semaphores and shared memory, and POSIX "
     "message "
     "queues, start empty.",
     "/proc/sysvipc/* and the kernel.shm* sysctls belong to the namespace.",
     "POSIX shared memory (shm_open) is not in it: those are files in /dev/shm, so what separates "
     "them is the mount of /dev/shm."}};
constexpr Constant kNewUser{
    0x10000000,
    "CLONE_NEWUSER",
    {"A new user namespace: the child has every capability in it, which means over the namespaces "
     "that it owns and nothing else. It is the only one that needs no privilege.",
     "CapEff in /proc/PID/status becomes full; /proc/PID/uid_map is empty until someone writes it, "
     "and until then every id reads as 65534 (nobody).",
     "It is made first, whatever else stands in the same call, so that the other new namespaces "
     "belong to it. Writing gid_map without privilege needs `deny` in /proc/PID/setgroups "
     "before."}};
constexpr Constant kNewPid{
    0x20000000,
    "CLONE_NEWPID",
    {"A new pid namespace: the first process born in it is number 1 there, and has another number "
     "in every namespace above it.",
     "NSpid in /proc/PID/status lists the numbers from outside to inside. After unshare only "
     "/proc/PID/ns/pid_for_children points to the new one, and reading that link fails (ENOENT) "
     "until the first child is born.",
     "unshare and setns do not move the caller, only its children: a process never changes its "
     "pid. "
     "When process 1 dies the kernel kills all others there, and from then on fork fails with "
     "ENOMEM, which has nothing to do with memory. /proc goes on showing the old namespace until a "
     "new proc is mounted."}};
constexpr Constant kNewNet{
    0x40000000,
    "CLONE_NEWNET",
    {"A new network namespace: own interfaces, addresses, routes, firewall rules, ports and "
     "abstract "
     "unix sockets.",
     "/proc/PID/net shows that namespace; /proc/PID/ns/net is what `ip netns` binds to a file.",
     "It holds one interface, lo, and lo is down: even 127.0.0.1 is unreachable until someone sets "
     "it up. A physical interface goes back to the first namespace when its own dies, a veth pair "
     "is "
     "deleted."}};
constexpr Constant kIo{
    0x80000000,
    "CLONE_IO",
    {"Both share one I/O context: the block scheduler treats them as one.", "", ""}};
constexpr Constant kClearSighand{
    0x100000000,
    "CLONE_CLEAR_SIGHAND",
    {"All signal handlers are reset to the default in the child; ignored signals stay ignored.",
     "SigCgt in /proc/PID/status is 0.", "It excludes CLONE_SIGHAND."}};
constexpr Constant kIntoCgroup{
    0x200000000,
    "CLONE_INTO_CGROUP",
    {"The child is born in the cgroup (version 2) that the descriptor `cgroup` stands for, so that "
     "not an instant of its life escapes the limits.",
     "/proc/PID/cgroup of the child, from its first moment.",
     "The older way, writing its pid to cgroup.procs, leaves a time in which the child runs "
     "outside "
     "and has to be held back."}};
constexpr Constant kAutoreap{
    0x400000000,
    "CLONE_AUTOREAP",
    {"The child leaves no zombie: it is reaped when it ends. Newer than Linux 6.18.", "", ""}};
constexpr Constant kNnp{0x800000000,
                        "CLONE_NNP",
                        {"The child is born with no_new_privs set. Newer than Linux 6.18.",
                         "NoNewPrivs: 1 in "
                         "/proc/PID/status.",
                         ""}};
constexpr Constant kPidfdAutokill{
    0x1000000000,
    "CLONE_PIDFD_AUTOKILL",
    {"The child is killed when the pidfd that CLONE_PIDFD gave is closed. Newer than Linux 6.18.",
     "", ""}};
constexpr Constant kEmptyMntns{
    0x2000000000,
    "CLONE_EMPTY_MNTNS",
    {"The new mount namespace starts empty in place of a copy. Newer than Linux 6.18.", "", ""}};
constexpr Constant kUnshareEmptyMntns{
    0x100000,
    "UNSHARE_EMPTY_MNTNS",
    {"The new mount namespace starts empty in place of a copy. Newer than Linux 6.18.", "",
     "The bit means CLONE_PARENT_SETTID to clone."}};
constexpr Constant kNewTime{
    0x80,
    "CLONE_NEWTIME",
    {"A new time namespace: CLOCK_MONOTONIC and CLOCK_BOOTTIME may run with an offset, so that a "
     "restored container does not see time jump.",
     "/proc/PID/ns/time_for_children changes; /proc/PID/timens_offsets may be written until the "
     "first process enters.",
     "With unshare it takes effect for children only, as a pid namespace does. The bit lies in the "
     "byte that holds clone(2)'s exit signal: clone succeeds, makes no namespace, and the child "
     "will "
     "end with a signal number that does not exist. Only clone3 and unshare can ask for it. The "
     "wall "
     "clock (CLOCK_REALTIME) is not in it."}};

constexpr std::array kClone = {
    kVm,       kFs,       kFiles,       kSighand,   kPidfd,  kPtrace,       kVfork,
    kParent,   kThread,   kNewNs,       kSysvsem,   kSettls, kParentSettid, kChildCleartid,
    kDetached, kUntraced, kChildSettid, kNewCgroup, kNewUts, kNewIpc,       kNewUser,
    kNewPid,   kNewNet,   kIo};
constexpr std::array kClone3 = {
    kNewTime,      kVm,         kFs,          kFiles,        kSighand,
    kPidfd,        kPtrace,     kVfork,       kParent,       kThread,
    kNewNs,        kSysvsem,    kSettls,      kParentSettid, kChildCleartid,
    kDetached,     kUntraced,   kChildSettid, kNewCgroup,    kNewUts,
    kNewIpc,       kNewUser,    kNewPid,      kNewNet,       kIo,
    kClearSighand, kIntoCgroup, kAutoreap,    kNnp,          kPidfdAutokill,
    kEmptyMntns};
constexpr std::array kNamespaces = {kNewTime, kNewNs,   kNewCgroup, kNewUts,
                                    kNewIpc,  kNewUser, kNewPid,    kNewNet};
constexpr std::array kUnshare = {kNewTime, kVm,      kFs,      kFiles,     kSighand,
                                 kThread,  kNewNs,   kSysvsem, kNewCgroup, kNewUts,
                                 kNewIpc,  kNewUser, kNewPid,  kNewNet,    kUnshareEmptyMntns};

}  // namespace

const ConstantTable kCloneFlags{
    "clone flags", ConstantTable::Kind::Flags, "CLONE_???", "linux/sched.h", "clone(2)", kClone};
const ConstantTable kClone3Flags{
    "clone3 flags", ConstantTable::Kind::Flags, "CLONE_???", "linux/sched.h", "clone(2)", kClone3};
const ConstantTable kNamespaceFlags{"namespace flags", ConstantTable::Kind::Flags,
                                    "CLONE_NEW???",    "linux/sched.h",
                                    "setns(2)",        kNamespaces};
const ConstantTable kUnshareFlags{"unshare flags", ConstantTable::Kind::Flags,
                                  "CLONE_???",     "linux/sched.h",
                                  "unshare(2)",    kUnshare};

}  // namespace boxtrace::decoders
