// Capabilities: what used to be "root" in 41 parts.
//
// A process has five sets. Permitted is what it may switch on, effective what is on, inheritable
// and ambient what may pass an execve, bounding what an execve can give at most. Each counts in the
// process's user namespace and those below it: the full set of a fresh user namespace is power over
// what that namespace owns and over nothing else. All five are in /proc/PID/status as hexadecimal
// words (CapInh, CapPrm, CapEff, CapBnd, CapAmb).
//
// Sources: include/uapi/linux/capability.h, securebits.h; security/commoncap.c; capabilities(7).

#include "decoders/tables/capability.h"

namespace boxtrace::decoders {
namespace {

constexpr std::uint64_t bit(unsigned capability) { return std::uint64_t{1} << capability; }

constexpr Explanation kChown{
    "Give files to any user or group.", "",
    "A container without it cannot unpack archives or install packages that set owners."};
constexpr Explanation kDacOverride{
    "Read, write and search past the permission bits of files.", "",
    "This, not uid 0 as such, is why root reads everything. In a user namespace it only counts "
    "for files whose owner and group the namespace maps."};
constexpr Explanation kDacReadSearch{
    "Read files and list directories past their permission bits, and open files by handle.", "",
    "open_by_handle_at walks past any mount namespace: the `shocker` escape used it to read the "
    "host's files. That is why docker withholds it."};
constexpr Explanation kFowner{
    "Act on files as if one owned them: chmod, utimes, sticky directories.", "", ""};
constexpr Explanation kFsetid{"Keep the set-user-id and set-group-id bits when a file is changed.",
                              "", ""};
constexpr Explanation kKill{
    "Signal processes of any user.", "",
    "It does not reach into a parent pid namespace: what has no number there cannot be named."};
constexpr Explanation kSetgid{
    "Set group ids at will, and write gid_map.", "",
    "Joining a group may open more files than root has in a container that lost DAC_OVERRIDE."};
constexpr Explanation kSetuid{
    "Set user ids at will, and write uid_map.", "",
    "With it and no_new_privs unset, becoming uid 0 gives back what the bounding set allows at "
    "the next execve."};
constexpr Explanation kSetpcap{
    "Drop capabilities from the bounding set, set securebits, add to the inheritable set.", "",
    "Dropping from the bounding set needs a capability: runtimes do it before they give up the "
    "others."};
constexpr Explanation kLinuxImmutable{"Set the immutable and append-only attributes of files.", "",
                                      ""};
constexpr Explanation kNetBindService{
    "Bind ports below 1024.", "",
    "The limit belongs to the network namespace: net.ipv4.ip_unprivileged_port_start=0, as "
    "docker sets it, makes the capability needless."};
constexpr Explanation kNetBroadcast{"Unused.", "", ""};
constexpr Explanation kNetAdmin{
    "Configure the network: interfaces, routes, firewall.", "",
    "It counts in the user namespace that owns the network namespace. With the host's network "
    "it is power over the host."};
constexpr Explanation kNetRaw{
    "Raw and packet sockets: ping in its old form, tcpdump, forged packets.", "",
    "With it a container can spoof ARP on its bridge; it is in docker's default set all the "
    "same."};
constexpr Explanation kIpcLock{"Lock memory beyond RLIMIT_MEMLOCK.", "", ""};
constexpr Explanation kIpcOwner{"Use System V IPC objects past their permissions.", "", ""};
constexpr Explanation kSysModule{
    "Load and unload kernel modules.", "",
    "Never effective inside a user namespace; on the host it is everything."};
constexpr Explanation kSysRawio{"Access I/O ports and raw memory devices.", "", ""};
constexpr Explanation kSysChroot{
    "chroot, and setns into a mount namespace.", "",
    "setns into a mount namespace needs it in the caller's own user namespace, in addition to "
    "CAP_SYS_ADMIN: an exec that dropped it first fails with EPERM."};
constexpr Explanation kSysPtrace{
    "Trace and read any process.", "",
    "It is checked in the user namespace of the target: root of a container cannot trace what "
    "it does not own."};
constexpr Explanation kSysPacct{"Switch process accounting on and off.", "", ""};
constexpr Explanation kSysAdmin{
    "Mount, make and join namespaces, set host names, and some hundred things more.", "",
    "The one capability that is close to all of them. In a new user namespace a process has it, "
    "over the namespaces which that one owns."};
constexpr Explanation kSysBoot{
    "Reboot, kexec.", "",
    "In a pid namespace that is not the first, reboot only kills its process 1."};
constexpr Explanation kSysNice{"Raise priorities, real-time scheduling, affinity of others.", "",
                               ""};
constexpr Explanation kSysResource{
    "Exceed quotas, raise hard limits, lower oom_score_adj.", "",
    "If the caller's own set lacks it, a privileged container cannot be made: capset fails with "
    "EPERM, and podman fails earlier, at setrlimit."};
constexpr Explanation kSysTime{
    "Set the clock.", "",
    "Checked against the first user namespace: there is no clock of a container's own; time "
    "namespaces shift only the monotonic ones."};
constexpr Explanation kSysTtyConfig{"Configure terminals, vhangup.", "", ""};
constexpr Explanation kMknod{
    "Make device nodes.", "",
    "In a user namespace mknod of devices is refused even with it, so rootless runtimes "
    "bind-mount /dev/null and kin from the host. Opening a node is the cgroup's to permit, not "
    "this capability's."};
constexpr Explanation kLease{"Take leases on any file.", "", ""};
constexpr Explanation kAuditWrite{"Write to the kernel's audit log.", "", ""};
constexpr Explanation kAuditControl{"Configure auditing.", "", ""};
constexpr Explanation kSetfcap{
    "Set file capabilities.", "",
    "Also needed to map uid 0 of the parent into a user namespace (since Linux 5.12)."};
constexpr Explanation kMacOverride{"Override mandatory access control (Smack).", "", ""};
constexpr Explanation kMacAdmin{"Configure mandatory access control (Smack, AppArmor).", "", ""};
constexpr Explanation kSyslog{"Read and clear the kernel's log, see kernel addresses.", "", ""};
constexpr Explanation kWakeAlarm{"Set timers that wake the machine.", "", ""};
constexpr Explanation kBlockSuspend{"Keep the machine from sleeping.", "", ""};
constexpr Explanation kAuditRead{"Read the audit log.", "", ""};
constexpr Explanation kPerfmon{"Performance monitoring. Since Linux 5.8, before that SYS_ADMIN.",
                               "", ""};
constexpr Explanation kBpf{
    "Load BPF programs. Since Linux 5.8, before that SYS_ADMIN.", "",
    "Checked against the first user namespace, apart from BPF tokens: root of a container in a "
    "user namespace cannot."};
constexpr Explanation kCheckpointRestore{
    "Choose pids (clone3 set_tid), read /proc/PID/map_files. Since Linux 5.9, before that "
    "SYS_ADMIN.",
    "", ""};

constexpr Constant kNumbers[] = {
    {0, "CAP_CHOWN", kChown},
    {1, "CAP_DAC_OVERRIDE", kDacOverride},
    {2, "CAP_DAC_READ_SEARCH", kDacReadSearch},
    {3, "CAP_FOWNER", kFowner},
    {4, "CAP_FSETID", kFsetid},
    {5, "CAP_KILL", kKill},
    {6, "CAP_SETGID", kSetgid},
    {7, "CAP_SETUID", kSetuid},
    {8, "CAP_SETPCAP", kSetpcap},
    {9, "CAP_LINUX_IMMUTABLE", kLinuxImmutable},
    {10, "CAP_NET_BIND_SERVICE", kNetBindService},
    {11, "CAP_NET_BROADCAST", kNetBroadcast},
    {12, "CAP_NET_ADMIN", kNetAdmin},
    {13, "CAP_NET_RAW", kNetRaw},
    {14, "CAP_IPC_LOCK", kIpcLock},
    {15, "CAP_IPC_OWNER", kIpcOwner},
    {16, "CAP_SYS_MODULE", kSysModule},
    {17, "CAP_SYS_RAWIO", kSysRawio},
    {18, "CAP_SYS_CHROOT", kSysChroot},
    {19, "CAP_SYS_PTRACE", kSysPtrace},
    {20, "CAP_SYS_PACCT", kSysPacct},
    {21, "CAP_SYS_ADMIN", kSysAdmin},
    {22, "CAP_SYS_BOOT", kSysBoot},
    {23, "CAP_SYS_NICE", kSysNice},
    {24, "CAP_SYS_RESOURCE", kSysResource},
    {25, "CAP_SYS_TIME", kSysTime},
    {26, "CAP_SYS_TTY_CONFIG", kSysTtyConfig},
    {27, "CAP_MKNOD", kMknod},
    {28, "CAP_LEASE", kLease},
    {29, "CAP_AUDIT_WRITE", kAuditWrite},
    {30, "CAP_AUDIT_CONTROL", kAuditControl},
    {31, "CAP_SETFCAP", kSetfcap},
    {32, "CAP_MAC_OVERRIDE", kMacOverride},
    {33, "CAP_MAC_ADMIN", kMacAdmin},
    {34, "CAP_SYSLOG", kSyslog},
    {35, "CAP_WAKE_ALARM", kWakeAlarm},
    {36, "CAP_BLOCK_SUSPEND", kBlockSuspend},
    {37, "CAP_AUDIT_READ", kAuditRead},
    {38, "CAP_PERFMON", kPerfmon},
    {39, "CAP_BPF", kBpf},
    {40, "CAP_CHECKPOINT_RESTORE", kCheckpointRestore},
};

constexpr Constant kBits[] = {
    {bit(0), "CAP_CHOWN", kChown},
    {bit(1), "CAP_DAC_OVERRIDE", kDacOverride},
    {bit(2), "CAP_DAC_READ_SEARCH", kDacReadSearch},
    {bit(3), "CAP_FOWNER", kFowner},
    {bit(4), "CAP_FSETID", kFsetid},
    {bit(5), "CAP_KILL", kKill},
    {bit(6), "CAP_SETGID", kSetgid},
    {bit(7), "CAP_SETUID", kSetuid},
    {bit(8), "CAP_SETPCAP", kSetpcap},
    {bit(9), "CAP_LINUX_IMMUTABLE", kLinuxImmutable},
    {bit(10), "CAP_NET_BIND_SERVICE", kNetBindService},
    {bit(11), "CAP_NET_BROADCAST", kNetBroadcast},
    {bit(12), "CAP_NET_ADMIN", kNetAdmin},
    {bit(13), "CAP_NET_RAW", kNetRaw},
    {bit(14), "CAP_IPC_LOCK", kIpcLock},
    {bit(15), "CAP_IPC_OWNER", kIpcOwner},
    {bit(16), "CAP_SYS_MODULE", kSysModule},
    {bit(17), "CAP_SYS_RAWIO", kSysRawio},
    {bit(18), "CAP_SYS_CHROOT", kSysChroot},
    {bit(19), "CAP_SYS_PTRACE", kSysPtrace},
    {bit(20), "CAP_SYS_PACCT", kSysPacct},
    {bit(21), "CAP_SYS_ADMIN", kSysAdmin},
    {bit(22), "CAP_SYS_BOOT", kSysBoot},
    {bit(23), "CAP_SYS_NICE", kSysNice},
    {bit(24), "CAP_SYS_RESOURCE", kSysResource},
    {bit(25), "CAP_SYS_TIME", kSysTime},
    {bit(26), "CAP_SYS_TTY_CONFIG", kSysTtyConfig},
    {bit(27), "CAP_MKNOD", kMknod},
    {bit(28), "CAP_LEASE", kLease},
    {bit(29), "CAP_AUDIT_WRITE", kAuditWrite},
    {bit(30), "CAP_AUDIT_CONTROL", kAuditControl},
    {bit(31), "CAP_SETFCAP", kSetfcap},
    {bit(32), "CAP_MAC_OVERRIDE", kMacOverride},
    {bit(33), "CAP_MAC_ADMIN", kMacAdmin},
    {bit(34), "CAP_SYSLOG", kSyslog},
    {bit(35), "CAP_WAKE_ALARM", kWakeAlarm},
    {bit(36), "CAP_BLOCK_SUSPEND", kBlockSuspend},
    {bit(37), "CAP_AUDIT_READ", kAuditRead},
    {bit(38), "CAP_PERFMON", kPerfmon},
    {bit(39), "CAP_BPF", kBpf},
    {bit(40), "CAP_CHECKPOINT_RESTORE", kCheckpointRestore},
};

constexpr Constant kVersions[] = {
    {0x19980330, "_LINUX_CAPABILITY_VERSION_1", {"Sets of 32 bits: one data struct.", "", ""}},
    {0x20071026,
     "_LINUX_CAPABILITY_VERSION_2",
     {"Sets of 64 bits, in two data structs; deprecated in favour of version 3, which is the same.",
      "", ""}},
    {0x20080522, "_LINUX_CAPABILITY_VERSION_3", {"Sets of 64 bits, in two data structs.", "", ""}},
};

constexpr Constant kSecure[] = {
    {0x1,
     "SECBIT_NOROOT",
     {"uid 0 and set-user-id-root programs gain no capabilities at execve.", "",
      "With it root is a user like any other, and programs get capabilities from file capabilities "
      "and the ambient set alone."}},
    {0x2, "SECBIT_NOROOT_LOCKED", {"SECBIT_NOROOT cannot be changed any more.", "", ""}},
    {0x4,
     "SECBIT_NO_SETUID_FIXUP",
     {"Changing user ids from and to 0 leaves the capability sets alone.", "", ""}},
    {0x8,
     "SECBIT_NO_SETUID_FIXUP_LOCKED",
     {"SECBIT_NO_SETUID_FIXUP cannot be changed any more.", "", ""}},
    {0x10,
     "SECBIT_KEEP_CAPS",
     {"The permitted set survives when all user ids leave 0.", "",
      "It is cleared by execve, and it does not keep the effective set: what is permitted must be "
      "switched on again with capset."}},
    {0x20, "SECBIT_KEEP_CAPS_LOCKED", {"SECBIT_KEEP_CAPS cannot be changed any more.", "", ""}},
    {0x40, "SECBIT_NO_CAP_AMBIENT_RAISE", {"Nothing can be added to the ambient set.", "", ""}},
    {0x80,
     "SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED",
     {"SECBIT_NO_CAP_AMBIENT_RAISE cannot be changed any more.", "", ""}},
    {0x100,
     "SECBIT_EXEC_RESTRICT_FILE",
     {"Asks interpreters to run only files that execveat with AT_EXECVE_CHECK permits. Since Linux "
      "6.14.",
      "", "The kernel does not enforce it; it is a wish that interpreters look at."}},
    {0x200, "SECBIT_EXEC_RESTRICT_FILE_LOCKED"},
    {0x400,
     "SECBIT_EXEC_DENY_INTERACTIVE",
     {"Asks interpreters to refuse code that comes from no file. Since Linux 6.14.", "", ""}},
    {0x800, "SECBIT_EXEC_DENY_INTERACTIVE_LOCKED"},
};

}  // namespace

const ConstantTable kCapabilities{"capabilities",       ConstantTable::Kind::Enum, "CAP_???",
                                  "linux/capability.h", "capabilities(7)",         kNumbers};
const ConstantTable kCapabilitySet{"capability sets",    ConstantTable::Kind::Flags, "CAP_???",
                                   "linux/capability.h", "capabilities(7)",          kBits};
const ConstantTable kCapabilityHeader{"capability versions",
                                      ConstantTable::Kind::Enum,
                                      "_LINUX_CAPABILITY_VERSION_???",
                                      "linux/capability.h",
                                      "capget(2)",
                                      kVersions};
const ConstantTable kSecurebits{"securebits",         ConstantTable::Kind::Flags, "SECBIT_???",
                                "linux/securebits.h", "capabilities(7)",          kSecure};

}  // namespace boxtrace::decoders
