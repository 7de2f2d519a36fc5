// The eight kinds of namespaces, under the names that /proc/PID/ns gives them.
//
// A namespace is a private copy of one kind of global resource. It exists as long as a process is
// in it, or a descriptor or a bind mount of its file in /proc/PID/ns keeps it alive, or (user and
// pid namespaces) a child namespace does. Two processes share one if the inode numbers of their
// links are equal. Each is owned by the user namespace it was made in, and it is there that
// capabilities over it are checked.
//
// Sources: namespaces(7) and the pages it names; include/linux/nsproxy.h.

#include "decoders/tables/namespaces.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kRows[] = {
    {0x20000,
     "mnt",
     {"Mount namespace: which filesystems are mounted where. The first kind there was, hence the "
      "flag "
      "CLONE_NEWNS without a kind in its name.",
      "/proc/PID/mountinfo.",
      "A new one is a copy, and the copies go on exchanging mounts with the originals until "
      "propagation is cut."}},
    {0x4000000,
     "uts",
     {"UTS namespace: host name and NIS domain name. UTS is the Unix Time-sharing System of "
      "uname's "
      "struct utsname.",
      "/proc/sys/kernel/hostname.", "The kernel's name and release are not part of it."}},
    {0x8000000,
     "ipc",
     {"IPC namespace: System V IPC objects and POSIX message queues.",
      "/proc/sysvipc, /proc/sys/fs/mqueue.",
      "POSIX shared memory is files in /dev/shm, and abstract unix sockets belong to the network "
      "namespace."}},
    {0x20000000,
     "pid",
     {"Pid namespace: numbers of processes. A process has one number here and one in each "
      "namespace "
      "above.",
      "NSpid in /proc/PID/status; /proc itself shows the namespace of whoever mounted it.",
      "A process never changes its own: unshare and setns set the namespace of its children "
      "(pid_for_children). When the first process dies, all die."}},
    {0x40000000,
     "net",
     {"Network namespace: interfaces, addresses, routes, ports, firewall, abstract unix sockets.",
      "/proc/PID/net, /sys/class/net of a sysfs mounted inside.",
      "It begins with a loopback interface that is down."}},
    {0x2000000,
     "cgroup",
     {"Cgroup namespace: where the tree of cgroups seems to begin.", "/proc/PID/cgroup.",
      "It hides and does not limit; its root is the cgroup at the moment it is made."}},
    {0x10000000,
     "user",
     {"User namespace: user and group ids, capabilities, keyrings' names. It owns the other "
      "namespaces made in "
      "it.",
      "/proc/PID/uid_map, gid_map, setgroups.",
      "Every process in a new one is all-powerful there and no more powerful outside than before. "
      "Unlike all others its kind needs no privilege to be made."}},
    {0x80,
     "time",
     {"Time namespace: offsets of CLOCK_MONOTONIC and CLOCK_BOOTTIME.", "/proc/PID/timens_offsets.",
      "As with pid, unshare sets the one of the children (time_for_children). The wall clock is "
      "everybody's."}},
};

}  // namespace

const ConstantTable kNamespaces{"namespaces",    ConstantTable::Kind::Enum, "namespace ???",
                                "linux/sched.h", "namespaces(7)",           kRows};

}  // namespace boxtrace::decoders
