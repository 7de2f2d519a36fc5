#pragma once
// What changed, as typed facts: the model's answer to one event. A call that changed nothing (it
// failed, it asked, it repeated what was so) yields no fact but possibly CallFailed. Rules of the
// story read facts, never registers.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tracer/base/ids.h"
#include "tracer/model/namespaces.h"
#include "tracer/raw/event.h"

namespace boxtrace::model {

/// A path as the call named it and as it is.
struct Path {
  std::string given;    ///< the argument, or empty
  std::string outside;  ///< absolute, as seen from the tracer's root; empty when not known
  std::string inside;   ///< below the container's root (`/proc`); empty when it is not below it

  /// The best name there is: inside, else outside, else as given.
  [[nodiscard]] const std::string& best() const {
    return !inside.empty() ? inside : !outside.empty() ? outside : given;
  }
  friend bool operator==(const Path&, const Path&) = default;
};

// ---- processes ----

struct TaskBorn {
  base::TaskId task;
  std::optional<base::TaskId> creator;
  raw::TaskStarted::Cause cause{};
  std::string_view call;  ///< its name: `clone3`; empty when no call that we know of made it
  std::uint64_t flags = 0;
  bool thread = false;
  NsMask made;                   ///< namespaces that this very clone made
  bool first_of_pid_ns = false;  ///< it is pid 1 there
};
struct Execed {
  std::string exe;                ///< as the kernel resolved it
  std::vector<std::string> argv;  ///< empty when the call was not seen
  std::vector<std::string> env_names;
  std::string via;       ///< the path as given: `/proc/self/exe`
  bool re_exec = false;  ///< the same program as before, or a copy of it
};
/// The file that was executed grants privilege to whoever executes it, and this time did not.
struct PrivilegeWithheld {
  enum class Why : std::uint8_t {
    NoNewPrivs,   ///< the task has no_new_privs
    NosuidMount,  ///< the file is on a mount with MNT_NOSUID
    UnmappedId,   ///< its owner is nobody in the task's user namespace
    Tracer,       ///< we trace the task and may not trace what it would have become
    Unknown,
  };
  Why why = Why::Unknown;
  std::string exe;
  std::optional<std::uint32_t> uid;  ///< it would have become that
  std::optional<std::uint32_t> gid;
  std::uint64_t caps = 0;  ///< it would have got these
};
struct CommChanged {
  std::string before, after;
};
struct Exited {
  raw::TaskExited exit;
};
struct SignalDelivered {
  raw::Signal signal;
};

// ---- namespaces ----

struct NamespacesMade {
  std::string_view call;     ///< its name: `clone`, `clone3` or `unshare`
  bool with_member = false;  ///< the call also made the member: clone and clone3
  NsMask mask;
  NsMask for_children;        ///< of `mask`: entered by children only
  base::TaskId member;        ///< the task that is in them (or whose children will be)
  std::string before, after;  ///< strips of `member`
};
struct NamespaceJoined {
  raw::NsKind kind{};
  NsRef ns;
  bool for_children = false;
  std::optional<base::TaskId> owner;  ///< a traced task that is in it
  std::string path;                   ///< where the descriptor came from
};
struct NamespacesConfirmed {
  std::vector<NsRef> learned;  ///< whose inode number is known from now on
};
struct NamespacePinned {
  raw::NsKind kind{};
  Path at;  ///< a bind mount keeps it alive without a process
};
struct IdMapWritten {
  bool gid = false;
  std::optional<base::TaskId> target;  ///< whose user namespace
  std::vector<base::IdMapLine> lines;
};
struct SetgroupsDenied {
  std::optional<base::TaskId> target;
};
struct TimeOffsetsWritten {
  std::string text;
};
struct HostnameSet {
  std::string name;
  bool domain = false;
};

// ---- mounts ----

struct Mounted {
  enum class Kind : std::uint8_t {
    New,      ///< a filesystem instance is mounted
    Bind,     ///< an existing tree appears a second time
    Remount,  ///< flags or options of an existing mount change
    Move,     ///< a mount is moved to another place
    Attach,   ///< move_mount of a detached tree made by fsmount or open_tree
  };
  Kind kind = Kind::New;
  Path source;  ///< for Bind and Move
  Path target;
  std::string fstype;       ///< for New, and for Attach when it is known
  std::string options;      ///< the data argument, or what fsconfig set
  std::uint64_t flags = 0;  ///< MS_* (mount_setattr attributes are translated)
  bool recursive = false;
  bool read_only = false;
  /// A bind of a directory onto itself makes it a mount point; and a remount that was the purpose
  /// of such a bind, see MountView::self_bound.
  bool onto_itself = false;
};
struct PropagationChanged {
  Path target;
  std::string to;  ///< `private slave shared unbindable`
  bool recursive = false;
};
struct Unmounted {
  Path target;
  bool lazy = false;
};
struct RootChanged {
  enum class By : std::uint8_t { PivotRoot, Chroot, MoveMount };
  By by = By::PivotRoot;
  Path new_root;
  Path put_old;             ///< PivotRoot
  bool same_place = false;  ///< the pivot_root(".", ".") idiom
};
struct OldRootDetached {
  bool lazy = false;
};
struct NodeMade {
  Path path;
  char type = 'c';  ///< c b p s f d l
  std::uint32_t major = 0, minor = 0;
};

// ---- identity and privilege ----

struct CapSets {
  std::uint64_t inheritable = 0, permitted = 0, effective = 0, bounding = 0, ambient = 0;
  friend bool operator==(const CapSets&, const CapSets&) = default;
};
struct CapsChanged {
  CapSets before, after;
};
struct NoNewPrivsSet {};
struct KeepCapsSet {
  bool on = false;
};
struct SecurebitsSet {
  std::uint64_t bits = 0;
};
struct IdsChanged {
  std::array<std::uint32_t, 4> uid_before{}, uid_after{};
  std::array<std::uint32_t, 4> gid_before{}, gid_after{};
};
struct GroupsSet {
  std::vector<std::uint32_t> groups;
};
struct InstalledFilter;
struct SeccompInstalled {
  bool strict = false;
  std::optional<std::uint64_t> instructions;
  bool by_prctl = false;
  std::uint64_t flags = 0;
  int filters = 0;                                ///< the task has now
  std::shared_ptr<const InstalledFilter> filter;  ///< null for strict mode
};
struct DumpableSet {
  bool on = false;
};
struct KeyringJoined {
  std::string name;
};

// ---- resources ----

struct CgroupMade {
  Path path;
  std::string controller;  ///< `memory`, or `unified`
  std::string group;       ///< path below the hierarchy's mount
};
struct CgroupRemoved {
  Path path;
  std::string controller, group;
};
/// Directories elsewhere than in cgroupfs.
struct DirectoryMade {
  Path path;
};
struct DirectoryRemoved {
  Path path;
};
struct CgroupJoined {
  std::string file;        ///< the cgroup.procs or tasks file that was written
  std::string controller;  ///< `memory`, or `unified`
  std::string group;       ///< path below the hierarchy's mount
  std::optional<base::TaskId> who;
  bool at_birth = false;  ///< CLONE_INTO_CGROUP
};
struct CgroupLimitSet {
  std::string controller;
  std::string group;
  std::string key, value;
};
struct RlimitSet {
  std::string name;
  std::uint64_t soft = 0, hard = 0;
  std::optional<base::TaskId> who;
};
struct OomScoreSet {
  std::string value;
  std::optional<base::TaskId> who;
};
struct SysctlWritten {
  std::string key, value;
};
/// What a security module will hold the task to: from its next execve(2) on, or at once.
struct SecurityLabelSet {
  std::string label;
  bool apparmor = false;  ///< known to be AppArmor's; else whichever module is the main one
  bool at_exec = false;
};
struct SubreaperSet {};
struct DeathSignalSet {
  int signo = 0;
};
struct SessionMade {};

// ---- where the model and the kernel differ ----

/// A call succeeded, but its effect is not known: memory that it was given could not be read.
struct EffectUnread {
  std::string_view call;
  raw::Unreadable why{};
};
struct ModelDisagrees {
  std::string subject;  ///< `mnt namespace`, `effective capabilities`
  std::string predicted, observed;
};

using Fact = std::variant<TaskBorn, Execed, PrivilegeWithheld, CommChanged, Exited, SignalDelivered,
                          NamespacesMade, NamespaceJoined, NamespacesConfirmed, NamespacePinned,
                          IdMapWritten, SetgroupsDenied, TimeOffsetsWritten, HostnameSet, Mounted,
                          PropagationChanged, Unmounted, RootChanged, OldRootDetached, NodeMade,
                          CapsChanged, NoNewPrivsSet, KeepCapsSet, SecurebitsSet, IdsChanged,
                          GroupsSet, SeccompInstalled, DumpableSet, KeyringJoined, CgroupMade,
                          CgroupRemoved, DirectoryMade, DirectoryRemoved, CgroupJoined,
                          CgroupLimitSet, RlimitSet, OomScoreSet, SysctlWritten, SecurityLabelSet,
                          SubreaperSet, DeathSignalSet, SessionMade, EffectUnread, ModelDisagrees>;

}  // namespace boxtrace::model
