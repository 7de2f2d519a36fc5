// What the mount calls do to the mount table and to the root directory.
//
// mount(2) is six operations behind one name; which one follows from the flags, tested in the order
// of fs/namespace.c: path_mount(). The new mount API does the same in steps: fsopen + fsconfig +
// fsmount or open_tree make a mount that hangs on a descriptor only, move_mount attaches it.
//
// pivot_root moves the root of the whole mount namespace, chroot only that of one process, which is
// why a process with CAP_SYS_CHROOT gets out of the latter. Sources: mount(2), pivot_root(2),
// mount_setattr(2), fs/namespace.c.

#include <algorithm>
#include <array>
#include <utility>

#include "tracer/model/state.h"

namespace boxtrace::model {
namespace {

// linux/mount.h
constexpr std::uint64_t kRdonly = 1;
constexpr std::uint64_t kRemount = 32;
constexpr std::uint64_t kBind = 4096;
constexpr std::uint64_t kMove = 8192;
constexpr std::uint64_t kRec = 16384;
constexpr std::uint64_t kUnbindable = 1U << 17;
constexpr std::uint64_t kPrivate = 1U << 18;
constexpr std::uint64_t kSlave = 1U << 19;
constexpr std::uint64_t kShared = 1U << 20;
constexpr std::uint64_t kOpenTreeClone = 1;
constexpr std::uint64_t kFsconfigSetFlag = 0;
constexpr std::uint64_t kFsconfigSetString = 1;
constexpr std::uint64_t kDetach = 2;            // umount2: MNT_DETACH
constexpr std::uint64_t kAtRecursive = 0x8000;  // linux/fcntl.h

std::string propagation_name(std::uint64_t flags) {
  return (flags & kShared) != 0    ? "shared"
         : (flags & kSlave) != 0   ? "slave"
         : (flags & kPrivate) != 0 ? "private"
                                   : "unbindable";
}

// The old root after pivot_root(".", ".") is where the working directory still is, on top of the
// new one; only its outside name tells the two apart.
Path mount_target(const Change& change, std::size_t index) {
  Path path = change.path(index);
  if (change.state.mount_view(change.task).stacked && path.given == ".") {
    return {path.given, "/", {}};
  }
  return path;
}

// Directories that a root has, and is not. Source: hier(7).
bool is_part_of_root(std::string_view place) {
  constexpr std::array<std::string_view, 15> kParts = {"/",     "/bin",   "/boot",  "/etc", "/home",
                                                       "/lib",  "/lib64", "/media", "/mnt", "/opt",
                                                       "/root", "/run",   "/sbin",  "/usr", "/var"};
  constexpr std::array<std::string_view, 4> kTrees = {"/proc", "/sys", "/dev", "/etc/"};
  return std::find(kParts.begin(), kParts.end(), place) != kParts.end() ||
         std::any_of(kTrees.begin(), kTrees.end(),
                     [place](std::string_view tree) { return place.starts_with(tree); });
}

void note_rootfs(Change& change, const Path& target) {
  const std::string place = ns_path_of(change.state, change.process, target);
  if (place.empty() || change.state.namespaces.is_host(change.task.ns.of(raw::NsKind::Mnt))) {
    return;
  }
  MountView& view = change.state.mount_view(change.task);
  view.self_bound = place;
  // One above it is bound for the sake of the root to be, which may not be on a shared mount.
  const bool known =
      !view.new_root.empty() && (below(place, view.new_root) || below(view.new_root, place));
  if (!is_part_of_root(place) && !known) {
    view.new_root = place;
  }
}

// MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC; crun clears them of the root to be.
constexpr std::uint64_t kRestrictions = 15;

// True if flags of what was just bound onto itself change, which then was the purpose of the bind:
// it is not the root to be.
bool is_purpose_of_bind(Change& change, const Path& target, std::uint64_t flags) {
  MountView& view = change.state.mount_view(change.task);
  const std::string place = ns_path_of(change.state, change.process, target);
  if (place.empty() || place != std::exchange(view.self_bound, "") ||
      (flags & kRestrictions) == 0) {
    return false;
  }
  if (view.new_root == place) {
    view.new_root.clear();
  }
  return true;
}

// The whole mount namespace has `new_root` for its root from now on.
void move_root(Change& change, const std::string& new_root, const std::string& put_old) {
  MountView& view = change.state.mount_view(change.task);
  const NsRef ns = change.task.ns.of(raw::NsKind::Mnt);
  view.root = join_path(view.root, new_root);
  view.old_root = put_old;
  view.pivoted = true;
  const std::optional<std::string> deeper = below(view.new_root, new_root);
  view.new_root = deeper && *deeper != "/" && !view.new_root.empty() ? *deeper : "";
  for (auto& [id, task] : change.state.tasks) {
    if (task.ns.of(raw::NsKind::Mnt) != ns) {
      continue;
    }
    task.root = "/";
    task.cwd = task.cwd.empty() ? "" : below(task.cwd, new_root).value_or("/");
  }
}

void apply_move(Change& change, const Path& source, const Path& target) {
  const std::string to = ns_path_of(change.state, change.process, target);
  const std::string from = ns_path_of(change.state, change.process, source);
  if (to == "/" && from.size() > 1) {
    change.say(RootChanged{RootChanged::By::MoveMount, source, {}, false});
    move_root(change, from, "");
    return;
  }
  change.state.mount_view(change.task).self_bound.clear();
  Mounted fact;
  fact.kind = Mounted::Kind::Move;
  fact.source = source;
  fact.target = target;
  change.say(std::move(fact));
}

void apply_mount(Change& change) {
  std::uint64_t flags = change.arg(3);
  if ((flags & 0xffff0000) == 0xc0ed0000) {
    flags &= 0xffff;  // MS_MGC_VAL, which the kernel drops as well
  }
  const Path target = mount_target(change, 1);
  Mounted fact;
  fact.target = target;
  fact.flags = flags;
  fact.recursive = (flags & kRec) != 0;
  fact.read_only = (flags & kRdonly) != 0;
  if ((flags & kRemount) != 0) {
    fact.kind = Mounted::Kind::Remount;
    fact.options = (flags & kBind) != 0 ? "" : change.text(4);
    fact.onto_itself = (flags & kBind) != 0 && is_purpose_of_bind(change, target, flags);
    fact.target = fact.onto_itself ? mount_target(change, 1) : target;
  } else if ((flags & kBind) != 0) {
    fact.kind = Mounted::Kind::Bind;
    fact.source = change.path(0);
    fact.onto_itself = !fact.source.outside.empty() && fact.source.outside == fact.target.outside;
    change.state.mount_view(change.task).self_bound.clear();
    if (fact.onto_itself) {
      note_rootfs(change, target);
      fact.target = mount_target(change, 1);  // it is `/` inside from now on
    }
    const std::string& from = fact.source.outside;
    if (from.starts_with("/proc/") && from.find("/ns/") != std::string::npos) {
      const std::string_view name = std::string_view(from).substr(from.rfind('/') + 1);
      if (const std::optional<raw::NsKind> kind = parse_ns_kind(name)) {
        change.say(NamespacePinned{*kind, target});
      }
    }
  } else if ((flags & (kShared | kSlave | kPrivate | kUnbindable)) != 0) {
    change.say(PropagationChanged{target, propagation_name(flags), fact.recursive});
    return;
  } else if ((flags & kMove) != 0) {
    apply_move(change, change.path(0), target);
    return;
  } else {
    change.state.mount_view(change.task).self_bound.clear();
    fact.kind = Mounted::Kind::New;
    fact.source = Path{change.text(0), {}, {}};
    fact.fstype = change.text(2);
    fact.options = change.text(4);
  }
  change.say(std::move(fact));
}

void apply_umount(Change& change) {
  MountView& view = change.state.mount_view(change.task);
  const bool lazy = change.call.name == "umount2" && (change.arg(1) & kDetach) != 0;
  const Path target = mount_target(change, 0);
  const std::string place = ns_path_of(change.state, change.process, change.path(0));
  const bool old_by_name = !view.old_root.empty() && target.outside == "/" && target.inside.empty();
  if ((view.stacked && (target.given == "." || place == "/")) || old_by_name) {
    view.stacked = false;
    view.old_root.clear();
    change.say(OldRootDetached{lazy});
    return;
  }
  change.say(Unmounted{target, lazy});
}

void apply_pivot_root(Change& change) {
  const Path new_root = change.path(0);
  const Path put_old = change.path(1);
  const std::string to = ns_path_of(change.state, change.process, new_root);
  const std::string old = ns_path_of(change.state, change.process, put_old);
  const bool same = to == old || new_root.given == put_old.given;
  change.say(RootChanged{RootChanged::By::PivotRoot, new_root, put_old, same});
  move_root(change, to, same ? "" : below(old, to).value_or(""));
  change.state.mount_view(change.task).stacked = same;
}

void apply_chroot(Change& change) {
  const Path path = change.path(0);
  const std::string to = ns_path_of(change.state, change.process, path);
  if (to.empty() || to == "/") {
    return;  // chroot(".") after MS_MOVE: already there
  }
  change.say(RootChanged{RootChanged::By::Chroot, path, {}, false});
  change.process.root = to;
}

// ---- the new mount API ----

DetachedMount& detached(Change& change, std::int32_t fd) {
  return change.state.detached[{change.process.id, fd}];
}

void apply_fsopen(Change& change) {
  DetachedMount& mount = detached(change, static_cast<std::int32_t>(change.syscall.outcome.value));
  mount = {};
  mount.fstype = change.text(0);
}

void apply_fsconfig(Change& change) {
  const std::uint64_t command = change.arg(1) & 0xffffffff;
  if (command != kFsconfigSetFlag && command != kFsconfigSetString) {
    return;
  }
  DetachedMount& mount = detached(change, static_cast<std::int32_t>(change.arg(0)));
  if (!mount.options.empty()) {
    mount.options += ',';
  }
  mount.options += change.text(2);
  if (command == kFsconfigSetString) {
    mount.options += "=" + change.text(3);
  }
}

void apply_fsmount(Change& change) {
  DetachedMount mount = detached(change, static_cast<std::int32_t>(change.arg(0)));
  mount.flags = change.arg(2);
  detached(change, static_cast<std::int32_t>(change.syscall.outcome.value)) = std::move(mount);
}

void apply_open_tree(Change& change) {
  if ((change.arg(2) & kOpenTreeClone) == 0) {
    return;
  }
  const Path source = change.path(1, 0);
  DetachedMount& mount = detached(change, static_cast<std::int32_t>(change.syscall.outcome.value));
  mount = {};
  mount.source = source.best();
}

void apply_mount_setattr(Change& change) {
  const decoders::Value* attr = change.value(3);
  const auto field = [&](std::string_view name) -> std::uint64_t {
    const decoders::Value* found = attr == nullptr ? nullptr : attr->field(name);
    return found == nullptr ? 0 : found->raw().value_or(0);
  };
  const bool recursive = (change.arg(2) & kAtRecursive) != 0;
  const auto fd = static_cast<std::int32_t>(change.arg(0));
  const auto known = change.state.detached.find({change.process.id, fd});
  if (known != change.state.detached.end() && change.text(1).empty()) {
    known->second.flags = (known->second.flags & ~field("attr_clr")) | field("attr_set");
    return;
  }
  const Path target = change.path(1, 0);
  if (const std::uint64_t propagation = field("propagation")) {
    change.say(PropagationChanged{target, propagation_name(propagation), recursive});
  }
  if (field("attr_set") != 0 || field("attr_clr") != 0) {
    Mounted fact;
    fact.kind = Mounted::Kind::Remount;
    fact.onto_itself = is_purpose_of_bind(change, target, field("attr_set"));
    fact.target = fact.onto_itself ? change.path(1, 0) : target;
    fact.flags = field("attr_set");
    fact.recursive = recursive;
    fact.read_only = (fact.flags & kRdonly) != 0;
    change.say(std::move(fact));
  }
}

void apply_move_mount(Change& change) {
  const Path target = change.path(3, 2);
  const auto known =
      change.state.detached.find({change.process.id, static_cast<std::int32_t>(change.arg(0))});
  if (known == change.state.detached.end() || !change.text(1).empty()) {
    apply_move(change, change.path(1, 0), target);
    return;
  }
  const DetachedMount& mount = known->second;
  Mounted fact;
  fact.kind = mount.source.empty() ? Mounted::Kind::Attach : Mounted::Kind::Bind;
  fact.target = target;
  fact.fstype = mount.fstype;
  fact.options = mount.options;
  fact.flags = mount.flags;
  fact.read_only = (mount.flags & kRdonly) != 0;
  fact.source = Path{mount.source, mount.source, {}};
  fact.onto_itself = !mount.source.empty() && mount.source == target.best();
  change.state.detached.erase(known);
  change.state.mount_view(change.task).self_bound.clear();
  change.say(std::move(fact));
}

// ---- device nodes ----

void say_node(Change& change, const Path& path, std::uint64_t mode, std::uint64_t dev) {
  NodeMade fact;
  fact.path = path;
  switch (mode & 0170000) {
    case 0020000:
      fact.type = 'c';
      break;
    case 0060000:
      fact.type = 'b';
      break;
    case 0010000:
      fact.type = 'p';
      break;
    case 0140000:
      fact.type = 's';
      break;
    default:
      fact.type = 'f';
  }
  // The kernel's 32-bit encoding of a device number. linux/kdev_t.h: new_decode_dev().
  fact.major = static_cast<std::uint32_t>((dev & 0xfff00) >> 8);
  fact.minor = static_cast<std::uint32_t>((dev & 0xff) | ((dev >> 12) & 0xfff00));
  change.say(fact);
}

void apply_mknod(Change& change) { say_node(change, change.path(0), change.arg(1), change.arg(2)); }
void apply_mknodat(Change& change) {
  say_node(change, change.path(1, 0), change.arg(2), change.arg(3));
}

constexpr CallEffect kEffects[] = {
    {"mount", apply_mount},
    {"umount", apply_umount},
    {"umount2", apply_umount},
    {"pivot_root", apply_pivot_root},
    {"chroot", apply_chroot},
    {"fsopen", apply_fsopen},
    {"fsconfig", apply_fsconfig},
    {"fsmount", apply_fsmount},
    {"open_tree", apply_open_tree},
    {"open_tree_attr", apply_open_tree},
    {"mount_setattr", apply_mount_setattr},
    {"move_mount", apply_move_mount},
    {"mknod", apply_mknod},
    {"mknodat", apply_mknodat},
};

}  // namespace

std::span<const CallEffect> mount_effects() { return kEffects; }

}  // namespace boxtrace::model
