// What the kernel means by an errno when containers are made. The C library's text ("Cannot
// allocate memory") names the usual reason; while namespaces, mounts and limits are set up the
// reason is often another.
//
// Sources: errno(3), unshare(2), clone(2), pivot_root(2), mount(2), setns(2), user_namespaces(7),
// cgroups(7); kernel/fork.c, kernel/ucount.c, fs/namespace.c.

#include "decoders/tables/errno.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kRows[] = {
    {1,
     "EPERM",
     {"Not permitted. Around containers there are five different judges: a missing capability, a "
      "seccomp "
      "filter that answers EPERM, an LSM, a user namespace that does not own the thing, or a lock "
      "(mount flags from outside, a chrooted maker of user namespaces).",
      "CapEff and Seccomp in /proc/PID/status, /proc/PID/uid_map, attr/current.",
      "uid 0 does not help where a capability is missing. A call that never reached the kernel's "
      "code "
      "because a filter refused it looks exactly the same."}},
    {2,
     "ENOENT",
     {"No such file, in the caller's own root and mount namespace. For execve also: the "
      "interpreter "
      "or the dynamic loader of the file is missing.",
      "/proc/PID/root shows what the caller sees as /.",
      "/proc/PID/ns/pid_for_children gives it between unshare(CLONE_NEWPID) and the first fork."}},
    {3,
     "ESRCH",
     {"No such process, in the caller's pid namespace.", "NSpid in /proc/PID/status.",
      "A pid read in another pid namespace names somebody else or nobody. Writing such a pid to "
      "cgroup.procs gives it, too."}},
    {4, "EINTR", {"A signal came first.", "", ""}},
    {5,
     "EIO",
     {"Input or output failed. From a pseudo-terminal: the other side is closed.", "", ""}},
    {6,
     "ENXIO",
     {"No such device or address: opening a FIFO to write, without waiting, that nobody reads.", "",
      ""}},
    {7,
     "E2BIG",
     {"Arguments and environment are too long; or a struct with a size of its own is longer than "
      "the "
      "kernel knows and the rest is not zero.",
      "", "From clone3, openat2 or mount_setattr it says: built for a newer kernel."}},
    {8,
     "ENOEXEC",
     {"Not a program this machine runs: another architecture, or a script without `#!`.", "", ""}},
    {9,
     "EBADF",
     {"Not an open descriptor, or not open for this.", "/proc/PID/fd",
      "openat2(-1, ...) is how runtimes probe whether the call exists."}},
    {10, "ECHILD", {"No child to wait for.", "", ""}},
    {11,
     "EAGAIN",
     {"Try again. From fork and clone: a limit on the number of processes is reached: "
      "RLIMIT_NPROC, "
      "pids.max of the cgroup, kernel.pid_max or threads-max.",
      "pids.events of the cgroup counts refusals.",
      "`Resource temporarily unavailable` in a container is nearly always pids.max."}},
    {12,
     "ENOMEM",
     {"No memory; but from fork and clone after unshare(CLONE_NEWPID) or setns: process 1 of that "
      "pid "
      "namespace is dead, and nobody can be born there any more.",
      "/proc/PID/ns/pid_for_children.",
      "`fork: Cannot allocate memory` after `unshare --pid` without `--fork` is this."}},
    {13,
     "EACCES",
     {"The mode bits of a file or of a directory on the way refuse; or the mount is noexec "
      "(execve) or nodev (open "
      "of a device); or seccomp without no_new_privs.",
      "", "In a user namespace root has no power over files whose owner its map lacks."}},
    {14, "EFAULT", {"A pointer leads nowhere.", "", ""}},
    {15, "ENOTBLK", {"A block device is required.", "", ""}},
    {16,
     "EBUSY",
     {"In use. umount: somebody is inside. pivot_root: new root or put_old is on the current root "
      "mount, so bind-mount the new root onto itself first. rmdir of a cgroup: processes or child "
      "groups in it. "
      "cgroup v2: a group with controllers enabled for its children may hold no processes itself.",
      "", ""}},
    {17, "EEXIST", {"It exists already.", "", ""}},
    {18,
     "EXDEV",
     {"Across two mounts. From openat2: the path would have left the permitted tree. From idmapped "
      "or overlay rename: not within one layer.",
      "",
      "From openat2 with RESOLVE_BENEATH or RESOLVE_NO_XDEV it is a refusal, perhaps of an "
      "attack."}},
    {19,
     "ENODEV",
     {"No such filesystem type or device: mount of a type the kernel does not know.",
      "/proc/filesystems", ""}},
    {20,
     "ENOTDIR",
     {"A part of the path is not a directory; or a bind mount of a file onto a directory, or the "
      "reverse.",
      "", ""}},
    {21, "EISDIR", {"It is a directory.", "", ""}},
    {22,
     "EINVAL",
     {"An argument makes no sense, in one of many ways. setns: the descriptor is of another kind, "
      "or the caller has several threads. unshare(CLONE_NEWUSER): several threads. pivot_root: not "
      "a "
      "mount point, a shared parent, or an initramfs root. mount: bad options, or a locked mount. "
      "uid_map: "
      "a line that overlaps or maps what the writer does not have. A uid without a mapping.",
      "", "For mount the kernel log or the fs context descriptor has the words: `dmesg | tail`."}},
    {23, "ENFILE", {"The machine has too many open files.", "", ""}},
    {24,
     "EMFILE",
     {"This process has too many: RLIMIT_NOFILE; or inotify instances of the user.",
      "/proc/PID/limits",
      "fs.inotify.max_user_instances is per user: with many containers of one uid it runs out "
      "first."}},
    {25,
     "ENOTTY",
     {"Not a terminal; or: what stands behind the descriptor does not know this ioctl.", "",
      "It is how isatty answers no: not a failure."}},
    {26,
     "ETXTBSY",
     {"The program is being written, or a file being run would be: the kernel's own guard of "
      "/proc/PID/exe.",
      "", ""}},
    {27, "EFBIG", {"Larger than RLIMIT_FSIZE or the filesystem allows.", "", ""}},
    {28,
     "ENOSPC",
     {"No space. From unshare, clone and setns: too many namespaces of that kind for this user, or "
      "nested too deeply (32 levels of user or pid namespaces).",
      "/proc/sys/user/max_*_namespaces.",
      "A limit of 0 there switches the kind off, often user namespaces on hardened hosts. Also "
      "from inotify_add_watch: "
      "fs.inotify.max_user_watches; from a cgroup v1 cpuset: cpuset.cpus not set."}},
    {29, "ESPIPE", {"A pipe or socket has no position.", "", ""}},
    {30,
     "EROFS",
     {"Read-only, the mount or the filesystem.",
      "field 6 and the last field of /proc/PID/mountinfo",
      "Runtimes make paths such as /proc/sys so on purpose."}},
    {31, "EMLINK", {"Too many links.", "", ""}},
    {32, "EPIPE", {"Nobody reads.", "", ""}},
    {33, "EDOM", {"Outside the domain of the function.", "", ""}},
    {34, "ERANGE", {"The answer is longer than the buffer.", "", ""}},
    {35, "EDEADLK", {"Waiting would last for ever.", "", ""}},
    {36, "ENAMETOOLONG", {"A name is longer than 255 bytes or a path than 4095.", "", ""}},
    {38,
     "ENOSYS",
     {"The kernel does not have this call; or a seccomp filter pretends so, to make programs fall "
      "back.",
      "Seccomp in /proc/PID/status", "From clone3 in a docker container it is the filter."}},
    {39, "ENOTEMPTY", {"The directory is not empty.", "", ""}},
    {40,
     "ELOOP",
     {"Too many symbolic links, or one where none was permitted (O_NOFOLLOW, RESOLVE_NO_SYMLINKS, "
      "RESOLVE_NO_MAGICLINKS); or a mount moved into itself.",
      "", ""}},
    {61,
     "ENODATA",
     {"No such extended attribute.", "",
      "From security.capability it only says that the file has no capabilities."}},
    {75,
     "EOVERFLOW",
     {"A number does not fit: a list is longer than its buffer, or, when a file is made, the "
      "maker's id "
      "has no mapping in the filesystem's user namespace or in the mount's id map.",
      "/proc/PID/uid_map",
      "`Value too large for defined data type` from touch or mkdir has nothing to do with sizes "
      "then: "
      "it is an id map that was not written, or does not cover you."}},
    {87,
     "EUSERS",
     {"Too many nested namespaces, on kernels before 4.9; today that is ENOSPC.", "", ""}},
    {88, "ENOTSOCK", {"Not a socket.", "", ""}},
    {95,
     "EOPNOTSUPP",
     {"Not supported here: a filesystem without the feature (overlay on overlay, xattrs), "
      "cgroup.type of a threaded group.",
      "", ""}},
    {98, "EADDRINUSE", {"The address is taken, in this network namespace.", "", ""}},
    {99,
     "EADDRNOTAVAIL",
     {"No interface has this address; in a new network namespace even 127.0.0.1, while lo is down.",
      "", ""}},
    {101,
     "ENETUNREACH",
     {"No route: a new network namespace has none.", "/proc/PID/net/route", ""}},
    {104, "ECONNRESET", {"The other side broke off.", "", ""}},
    {110, "ETIMEDOUT", {"Time ran out.", "", ""}},
    {111,
     "ECONNREFUSED",
     {"Nobody listens there, in this network namespace (for a path: the listener is gone).", "",
      ""}},
    {113, "EHOSTUNREACH", {"No way to that host.", "", ""}},
    {114, "EALREADY", {"It is under way already.", "", ""}},
    {115, "EINPROGRESS", {"It is under way now.", "", ""}},
    {116, "ESTALE", {"The file behind the handle is gone.", "", ""}},
    {122,
     "EDQUOT",
     {"A quota is used up; from keyctl: this user has too many keys.", "/proc/key-users",
      "Each container of runc takes a keyring: kernel.keys.maxkeys (200 by default for users other "
      "than root)."}},
};

}  // namespace

const ConstantTable kErrnos{
    "errno", ConstantTable::Kind::Enum, "errno ???", "asm-generic/errno.h", "errno(3)", kRows};

}  // namespace boxtrace::decoders
