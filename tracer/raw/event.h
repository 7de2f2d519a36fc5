#pragma once
// What the kernel told us, one event a struct, nothing interpreted. Live, tracer/ptrace makes them;
// at replay tracer/trace reads them from a file; everything downstream cannot tell the two apart,
// which is why `boxtrace show` prints what the live run printed.
//
// Order. A call is one event, made when it ends; `entered` is when it began. Processes are born
// before the call that makes them returns (and vfork(2) returns long after), so a birth is an event
// of its own that carries the flags of the call. Events stand in the order in which we learned of
// them.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tracer/base/ids.h"
#include "tracer/base/procfs_text.h"
#include "tracer/raw/arch.h"
#include "tracer/raw/memory.h"
#include "tracer/raw/stack.h"

namespace boxtrace::raw {

/// A system call as the task made it: registers, not meanings. `nr` without the x32 bit.
struct Call {
  Abi abi = Abi::X86_64;
  std::uint64_t nr = 0;
  std::array<std::uint64_t, 6> args{};
  std::uint64_t instruction_pointer = 0;
  std::uint64_t stack_pointer = 0;
  friend bool operator==(const Call&, const Call&) = default;
};

/// How a call ended.
struct Outcome {
  enum class Kind : std::uint8_t {
    Returned,    ///< `value` is the result, >= 0 for most calls
    Failed,      ///< `value` is the errno, > 0
    Restarting,  ///< `value` is 512..516: the kernel will restart it. ERESTARTSYS and kin
    NoReturn,    ///< it never returns: exit, exit_group, a call cut short by death
    Unknown,     ///< the exit was not seen (the recording ended, we detached)
  };
  Kind kind = Kind::Unknown;
  std::int64_t value = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// The target of a file descriptor or of a magic link at the time of a call, as
/// readlink("/proc/TID/fd/N") gave it: `/a/path`, `pipe:[123]`, `net:[4026531840]`,
/// `anon_inode:...`.
struct FdTarget {
  base::FdNum fd;
  std::string target;
  /// What the link does not say, where it was asked for: `char 1:3` of a device, `pid:12` of a
  /// pidfd, `TCP:[127.0.0.1:80->127.0.0.1:4000]` of a socket.
  std::string detail = {};
  friend bool operator==(const FdTarget&, const FdTarget&) = default;
};

struct Syscall {
  Call call;
  Outcome outcome;
  base::Nanos entered;                ///< the event's own time is when it ended
  Snapshot in;                        ///< memory at entry
  Snapshot out;                       ///< memory at exit
  std::vector<FdTarget> fds;          ///< descriptors that the arguments name, read at entry
  std::optional<base::TaskId> child;  ///< the task it made, for the clone family
  /// The tracer meddled with it: it ran as another call or not at all, or its result was replaced,
  /// so that neither `call` nor `outcome` says what the kernel did.
  bool injected = false;
  std::optional<Stack> stack;    ///< who made it; only where that was asked for
  std::optional<CallSite> site;  ///< the code that made it; only where that was asked for
  friend bool operator==(const Syscall&, const Syscall&) = default;
};

/// Which call of an ABI. `nr` without the x32 bit.
struct CallNumber {
  Abi abi = Abi::X86_64;
  std::uint64_t nr = 0;
  friend bool operator==(const CallNumber&, const CallNumber&) = default;
};

/// A task exists. Source of the flags: the call in flight in the creator, read at the ptrace event.
struct TaskStarted {
  enum class Cause : std::uint8_t {
    Launched,  ///< we started it
    Attached,  ///< it ran before we came
    Forked,    ///< fork, vfork, clone, clone3 of a traced task
    Found,     ///< it turned up without a known creator (CLONE_UNTRACED and kin)
  };
  Cause cause = Cause::Forked;
  base::HostTid tid;
  base::HostPid pid;                    ///< its thread group; equal to `tid` for a leader
  base::TaskId leader;                  ///< the task that leads the group; itself for a leader
  std::optional<base::TaskId> creator;  ///< who made the call
  std::optional<CallNumber> by;         ///< the call, which returns after the task's birth
  std::uint64_t flags = 0;              ///< CLONE_* flags without the exit signal; clone(2)
  std::uint32_t exit_signal = 0;        ///< what its parent is sent when it dies; 0 for threads
  std::optional<Stack> stack;  ///< who made the call in the creator; only where that was asked for
  friend bool operator==(const TaskStarted&, const TaskStarted&) = default;
};

/// An execve succeeded. All other threads of the group are gone by now; if another thread than the
/// leader called it, that task has taken over the leader's tid and `former_tid` is its old one.
struct TaskExeced {
  base::HostTid former_tid;
  std::string exe;  ///< readlink("/proc/TID/exe")
  friend bool operator==(const TaskExeced&, const TaskExeced&) = default;
};

struct TaskExited {
  enum class Cause : std::uint8_t {
    Code,        ///< exit or exit_group with status `value`
    Signal,      ///< killed by signal `value`
    Superseded,  ///< another thread of its group called execve
    Detached,    ///< it lives on, untraced
  };
  Cause cause = Cause::Code;
  int value = 0;
  bool core_dumped = false;
  friend bool operator==(const TaskExited&, const TaskExited&) = default;
};

/// A signal is delivered to the task (which may ignore it or die of it). Source: sigaction(2),
/// siginfo_t.
struct Signal {
  int signo = 0;
  int code = 0;                         ///< si_code
  std::optional<base::HostPid> sender;  ///< si_pid, for codes that have one
  bool stopped = false;                 ///< not a delivery: the group is now stopped by it
  base::Bytes siginfo;                  ///< siginfo_t without its trailing zeros; none when stopped
  friend bool operator==(const Signal&, const Signal&) = default;
};

/// The namespaces that a process is in, and those its children will be in. Source: namespaces(7).
enum class NsKind : std::uint8_t { Mnt, Uts, Ipc, Pid, Net, Cgroup, User, Time };
inline constexpr std::size_t kNsKinds = 8;

/// Links of /proc/TID/ns. 0: could not be read, or does not exist yet (pid_for_children before the
/// first fork into a new pid namespace).
struct NsLinks {
  std::array<base::NsInode, kNsKinds> own{};  ///< indexed by NsKind
  base::NsInode pid_for_children;
  base::NsInode time_for_children;
  friend bool operator==(const NsLinks&, const NsLinks&) = default;
};

/// What /proc/TID/status says of identity and privilege. Source: proc(5), credentials(7).
struct Status {
  std::string comm;
  std::vector<base::NsPid> ns_tgid;    ///< NStgid: from our pid namespace to its innermost
  std::vector<base::NsPid> ns_pid;     ///< NSpid, the thread's
  std::array<std::uint32_t, 4> uid{};  ///< real, effective, saved, filesystem
  std::array<std::uint32_t, 4> gid{};
  std::vector<std::uint32_t> groups;
  std::uint64_t cap_inh = 0, cap_prm = 0, cap_eff = 0, cap_bnd = 0, cap_amb = 0;
  bool no_new_privs = false;
  int seccomp_mode = 0;  ///< 0 none, 1 strict, 2 filter
  int seccomp_filters = 0;
  friend bool operator==(const Status&, const Status&) = default;
};

/// What the file that an execve started grants to whoever starts it, where it grants anything.
/// Source: execve(2) on set-user-ID programs, capabilities(7) "File capabilities".
struct FilePrivilege {
  std::uint32_t mode = 0;          ///< permission bits, `04755`
  std::uint32_t uid = 0, gid = 0;  ///< its owner, as the tracer sees ids
  std::uint64_t caps = 0;          ///< the permitted set of its `security.capability`
  bool nosuid = false;             ///< its mount has MNT_NOSUID
  bool tracer_may = false;         ///< the tracer has CAP_SYS_PTRACE
  friend bool operator==(const FilePrivilege&, const FilePrivilege&) = default;
};

/// What /proc said about a task at one moment. Only what was asked for is set. The model predicts,
/// an observation confirms; where they differ the reader is told.
struct Observation {
  enum class At : std::uint8_t { Start, Exec, Call, Exit };
  At at = At::Call;
  /// Which program it runs: readlink of /proc/TID/exe and the strings of /proc/TID/cmdline, for
  /// tasks whose execve was before our time.
  std::optional<std::string> exe;
  std::optional<std::vector<std::string>> argv;
  std::optional<NsLinks> ns;
  std::optional<Status> status;
  std::optional<std::vector<base::IdMapLine>> uid_map, gid_map;
  std::optional<std::vector<std::string>> cgroup;  ///< lines of /proc/TID/cgroup
  std::optional<std::string> root, cwd;            ///< readlink of /proc/TID/{root,cwd}
  std::optional<std::vector<FdTarget>> fds;        ///< open descriptors
  std::optional<std::vector<base::MountInfo>> mounts;
  std::optional<std::map<std::string, std::string>> limits;  ///< RLIMIT name -> "soft:hard"
  std::optional<int> oom_score_adj;
  std::optional<std::string> hostname;  ///< of its uts namespace
  /// At an execve, of a file that grants something.
  std::optional<FilePrivilege> grants;
  friend bool operator==(const Observation&, const Observation&) = default;
};

/// Something happened that we could not see, or could not see in full.
struct Gap {
  std::string reason;  ///< one sentence
  friend bool operator==(const Gap&, const Gap&) = default;
};

/// The first record of a trace: where it comes from. Nothing in it identifies the machine beyond
/// what explains the trace.
struct Header {
  std::string tool_version;
  std::string kernel;     ///< uname -r
  std::string arch;       ///< uname -m
  std::string cgroup;     ///< `v1`, `v2` or `hybrid`
  std::string wall_time;  ///< RFC 3339, UTC
  std::vector<std::string> command;
  std::size_t string_limit = 0;  ///< bytes captured of a buffer, at most
  bool env_values = false;       ///< values of environment variables were captured
  /// Every call of every task is in the trace. Else only those that a story is made of, and all
  /// calls of tasks that have a seccomp filter of their own.
  bool every_call = true;
  NsLinks host;                 ///< the tracer's own namespaces: what "shared with the host" means
  std::uint64_t host_caps = 0;  ///< the tracer's bounding set
  friend bool operator==(const Header&, const Header&) = default;
};

/// The last record. A file without one was cut off.
struct End {
  int exit_status = 0;  ///< of the launched command: its code, or 128 + signal
  std::uint64_t syscalls = 0;
  std::uint64_t tasks = 0;
  friend bool operator==(const End&, const End&) = default;
};

struct Event {
  base::Seq seq;
  base::Nanos time;   ///< when we learned of it
  base::TaskId task;  ///< 0 for Header, End and gaps that concern no task
  std::variant<Header, TaskStarted, TaskExeced, TaskExited, Syscall, Signal, Observation, Gap, End>
      body;
  friend bool operator==(const Event&, const Event&) = default;
};

}  // namespace boxtrace::raw
