#pragma once
// What has to be done to create a container, as data. A plan is a list of steps in the order of
// time; each names who does it and which setting of config.json asked for it, so that a dry run can
// print it, a failure can name it, and a trace of the execution can be compared with it.
//
// Who does what, and why there may be a process in between:
//
//   boxrun ──clone3()──────────────────────────> boxrun:[2:INIT] ──execve──> the program
//     │                                            ^
//     └──clone3()──> boxrun:[1:NS] ──clone3(PARENT)┘      only where one clone is not enough
//
// One clone3(2) makes most namespaces at once, and the child is pid 1 of the new pid namespace.
// Two things it cannot do: setns(2) into a pid namespace moves only the *children* of the caller,
// and the offsets of a time namespace can be written only between unshare(2) and the first process
// in it. Both need a process that prepares and then clones: [1:NS]. It gives init to boxrun with
// CLONE_PARENT, so that boxrun waits for the container's init directly, and dies.
//
// With a new user namespace, network and IPC namespaces are made after the id maps are written:
// they note the ids of their maker as owner of /proc/sys/net, /sys/class/net and /dev/mqueue, and
// an unmapped maker would leave these to nobody.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/config/config.h"
#include "runtime/plan/message.h"

namespace boxrun::plan {

enum class Actor : std::uint8_t { Boxrun, NamespaceStage, Init };

enum class SecurityModule : std::uint8_t { AppArmor, SeLinux };

// ---- what boxrun itself does ----

/// Finds the places of the container's cgroup in every hierarchy, and makes the directory of
/// version 2, in which clone3(2) puts the child.
struct PlaceCgroup {
  std::string path;  ///< as in /linux/cgroupsPath, or the default
};
/// Makes the directories of version 1 and sets all limits, while the child is at work already.
struct MakeCgroup {
  std::string path;  ///< as in /linux/cgroupsPath, or the default
  std::optional<config::Resources> resources;
};
/// Where systemd makes the cgroup.
struct ScopeName {
  std::string slice;  ///< `system.slice`
  std::string unit;   ///< `docker-abc.scope`
};
/// Finds out from systemd where the scope's cgroup will be, and that nobody uses it.
struct ReserveScope {
  ScopeName scope;
};
/// Has systemd make the scope, with init in it, and sets what limits systemd does not know.
struct StartScope {
  ScopeName scope;
  std::optional<config::Resources> resources;
};
/// mkdir(2) of a control group of resctrl, unless it is there.
struct MakeResctrlGroup {
  std::string name;  ///< `/` is the default group
  bool must_exist = false;
};
/// A line into the group's file `schemata`; a group that was there before must have its values.
struct SetSchema {
  std::string group;
  std::string line;
  bool completes = false;  ///< with it the group becomes one that others may use, and stays
};
/// mkdir(2) in `mon_groups` of the control group.
struct MakeMonitorGroup {
  std::string group;
  std::string name;
};
/// Init's pid into the file `tasks` of its groups.
struct JoinResctrlGroups {
  std::string group;
  bool monitored = false;
};
/// clone3(2).
struct Spawn {
  std::uint64_t flags = 0;  ///< CLONE_*
  Actor becomes = Actor::Init;
  bool into_cgroup = false;  ///< CLONE_INTO_CGROUP; a kernel that refuses is asked without
};
/// /proc/PID/uid_map, gid_map and, for an unprivileged writer, setgroups.
struct WriteIdMaps {
  std::vector<config::IdMapping> uid;
  std::vector<config::IdMapping> gid;
};
/// /proc/PID/oom_score_adj, by boxrun because the kernel wants CAP_SYS_RESOURCE of the first user
/// namespace for lower values.
struct SetOomScore {
  int value = 0;
};
/// prlimit(2) on the child of a user namespace, where the config asks for a higher hard limit than
/// there is. The soft limit stays: init sets both when it needs no more resources itself.
struct RaiseHardLimit {
  config::Rlimit limit;
};
/// sched_setattr(2) on init, by boxrun, whose rights reach further than those of a user namespace.
struct SetScheduler {
  config::Scheduler scheduler;
};
/// ioprio_set(2) on init.
struct SetIoPriority {
  config::IoPriority priority;
};
/// Moves a device of the host into init's network namespace.
struct MoveNetDevice {
  config::NetDevice device;
};
/// seccomp(2), as the last call but one before execve(2), so that the filter need allow little of
/// ours.
struct LoadSeccomp {
  std::size_t rules = 0;
  bool has_listener = false;
  /// Without no_new_privs loading takes CAP_SYS_ADMIN, which init has kept for this: what it has
  /// afterwards.
  std::optional<config::Capabilities> then;
};
/// mount_setattr(2), MOUNT_ATTR_IDMAP, on what came with SourceCloned.
struct MapSource {
  config::Mount mount;
};
/// Runs the hooks of one kind in the namespaces of the actor.
struct RunHooks {
  std::string kind;  ///< `createRuntime`
  std::vector<config::Hook> hooks;
  std::string status;        ///< the `status` in the state that the hook reads: `creating`
  bool for_program = false;  ///< hooks without an environment get that of the program
  /// Each loads this before its execve(2): programs of the image, they are under its filter.
  std::optional<LoadSeccomp> filter = {};
};
/// Writes into state.json that the container is complete.
struct RecordCreated {};

// ---- how the processes wait for each other ----

struct Tell {
  MessageKind message = MessageKind::Ready;
};
struct Await {
  MessageKind message = MessageKind::Ready;
};

// ---- what happens on the way into the container ----

/// Brings up `lo`.
struct RaiseLoopback {};
struct JoinNamespaces {
  std::vector<config::Namespace> namespaces;
  std::vector<std::string> settings;  ///< the JSON path of each
};
/// Init moves itself into the cgroup, through files that boxrun has opened: a process that moves
/// itself alone spares the kernel the lock on all thread groups, and with it an RCU grace period.
struct JoinCgroup {
  bool by_clone = false;  ///< nothing is left to do, if the kernel let clone3(2) do it
};
struct UnshareNamespaces {
  std::uint64_t flags = 0;
};
/// /proc/self/timens_offsets.
struct WriteTimeOffsets {
  std::string text;
};
/// setresgid and setresuid to 0 of the new user namespace.
struct BecomeRoot {};
struct NewSession {};
struct JoinKeyring {
  std::string name;
};
/// Cuts or loosens the propagation of the copied mount table.
struct PropagateRoot {
  std::uint64_t flags = 0;  ///< MS_SLAVE | MS_REC
};
/// Binds the root filesystem onto itself, because pivot_root(2) takes mount points only.
struct BindRootfs {
  std::string path;
};
/// open_tree(2) of a directory or file in the root filesystem, for boxrun to map the ids of.
struct CloneSource {
  std::string path;  ///< inside
  bool recursive = false;
};
struct MountOne {
  config::Mount mount;
  std::size_t index = 0;  ///< within /mounts
  /// Where the source of a bind is in the root filesystem: there it is looked up, without a way
  /// out, and shows the mounts before it. Empty for sources elsewhere on the host.
  std::string source_in_root = {};
};
struct MakeDevice {
  config::Device device;
  bool by_bind = false;  ///< mknod(2) is refused in a user namespace
};
struct MakeLink {
  std::string target;
  std::string path;
};
struct MakeReadonly {
  std::string path;
  bool is_mount = false;  ///< the mount that is there changes; without, one is put over the path
};
struct Mask {
  std::string path;
};
/// A pseudoterminal of the container's own devpts becomes standard input, output and error and the
/// controlling terminal; its other end goes to whoever asked for the container.
struct MakeConsole {
  std::optional<config::ConsoleSize> size;
  std::uint32_t owner = 0;      ///< uid inside
  bool covers_console = false;  ///< it also becomes /dev/console
};
/// Pipes that are standard streams are given to the user, who could not open /dev/stdout otherwise;
/// what is the caller's /dev/null becomes the container's.
struct OwnStreams {
  std::uint32_t owner = 0;  ///< uid inside
};
struct EnterRootfs {
  /// IfVisible: in a joined mount namespace the tree may hold the bundle's root filesystem, which
  /// then becomes the root, or it may be another container's and have its own.
  enum class How : std::uint8_t { Pivot, Move, Chroot, IfVisible };
  How how = How::Pivot;
};
/// A directory inside the container, with its parents, where there is none.
struct MakeDirectory {
  std::string path;
};
/// The propagation of `/` as the container sees it.
struct PropagateNewRoot {
  std::uint64_t flags = 0;
};
struct SetHostname {
  std::string name;
};
struct SetDomainname {
  std::string name;
};
struct WriteSysctl {
  std::string file;  ///< below /proc/sys: `net/ipv4/ip_forward`
  std::string value;
};
struct SetRlimit {
  config::Rlimit limit;
};
struct SetUmask {
  std::uint32_t mask = 022;
};
/// personality(2).
struct SetPersonality {
  std::uint32_t domain = 0;
};
/// set_mempolicy(2).
struct SetMemoryPolicy {
  config::MemoryPolicy policy;
};
/// Opens /proc/thread-self/attr/..., while `/proc` is still the host's.
struct OpenLabel {
  SecurityModule module = SecurityModule::AppArmor;
};
/// Writes what the program shall be labelled with, at execve(2).
struct SetLabel {
  SecurityModule module = SecurityModule::AppArmor;
  std::string label;
};
struct NoNewPrivileges {};
struct LimitBounding {
  std::uint64_t keep = 0;
};
struct SetUser {
  /// Denied: by a rootless map of a single id. Kept: those of the caller, as an annotation asks.
  enum class Groups : std::uint8_t { Set, Denied, Kept };
  config::User user;
  Groups groups = Groups::Set;
};
struct SetCapabilities {
  config::Capabilities sets;
  bool keep_admin = false;  ///< CAP_SYS_ADMIN stays permitted, for LoadSeccomp
};
struct ChangeDirectory {
  std::string path;
  /// Before the change of user: EACCES is put off until after it. After: done only if put off.
  bool as_final_user = false;
};
struct FindProgram {
  std::string name;
};
struct CloseDescriptors {
  std::uint32_t preserve = 0;  ///< kept beyond 0, 1 and 2
};
/// Blocks until `boxrun start`.
struct WaitForStart {
  std::uint32_t preserve = 0;  ///< descriptors of the caller beyond 2 that the program gets
};
struct Execute {
  std::vector<std::string> args;
  std::vector<std::string> env;
};

using Action = std::variant<
    PlaceCgroup, MoveNetDevice, RaiseLoopback, MakeCgroup, ReserveScope, StartScope,
    MakeResctrlGroup, SetSchema, MakeMonitorGroup, JoinResctrlGroups, Spawn, WriteIdMaps,
    SetOomScore, JoinCgroup, RaiseHardLimit, SetRlimit, SetScheduler, SetIoPriority, SetPersonality,
    SetMemoryPolicy, OpenLabel, SetLabel, RunHooks, RecordCreated, Tell, Await, JoinNamespaces,
    UnshareNamespaces, WriteTimeOffsets, BecomeRoot, NewSession, JoinKeyring, PropagateRoot,
    BindRootfs, CloneSource, MapSource, MountOne, MakeDevice, MakeLink, MakeReadonly, Mask,
    MakeConsole, EnterRootfs, MakeDirectory, PropagateNewRoot, SetHostname, SetDomainname,
    WriteSysctl, SetUmask, OwnStreams, NoNewPrivileges, LoadSeccomp, LimitBounding, SetUser,
    SetCapabilities, ChangeDirectory, FindProgram, CloseDescriptors, WaitForStart, Execute>;

struct Step {
  Actor actor = Actor::Boxrun;
  std::string setting;  ///< JSON path; empty for what every container gets
  Action action;
};

struct Plan {
  bool staged = false;      ///< there is a [1:NS] stage
  bool owns_mounts = true;  ///< the mount namespace is new
  std::vector<Step> steps;
};

}  // namespace boxrun::plan
