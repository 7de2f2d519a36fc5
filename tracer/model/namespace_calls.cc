// What unshare and setns do to the caller. The clone family is in processes.cc, because a birth is
// an event of its own. See namespaces.h for what is special about pid and time.

#include "tracer/base/procfs_text.h"
#include "tracer/model/state.h"

namespace boxtrace::model {
namespace {

void enter_new_user_ns(Task& task) {
  // kernel/user_namespace.c: set_cred_user_ns(). The creator of a user namespace has every
  // capability in it, including those it could never get back outside.
  constexpr std::uint64_t kAllCaps = (1ULL << 41) - 1;  // CAP_LAST_CAP is 40 in linux/capability.h
  task.creds.caps = {0, kAllCaps, kAllCaps, kAllCaps, 0};
  task.creds.securebits = 0;
  task.creds.keep_caps = false;
}

void apply_unshare(Change& change) {
  const NsMask mask = NsMask::from_clone_flags(change.arg(0));
  if (mask.empty()) {
    return;
  }
  Namespaces& all = change.state.namespaces;
  NsSet& set = change.task.ns;
  NamespacesMade fact;
  fact.call = "unshare";
  fact.mask = mask;
  fact.member = change.task.id;
  fact.before = all.strip(set);
  const MountView view = change.state.mount_view(change.task);
  const NsRef old_uts = set.of(raw::NsKind::Uts);
  for (const raw::NsKind kind : all_ns_kinds()) {
    if (!mask.has(kind)) {
      continue;
    }
    const NsRef ref = all.make(kind, change.task.id, change.event.seq);
    if (kind == raw::NsKind::Pid) {
      set.pid_for_children = ref;
      fact.for_children.add(kind);
    } else if (kind == raw::NsKind::Time) {
      set.time_for_children = ref;
      fact.for_children.add(kind);
    } else {
      set.of(kind) = ref;
      all.add_member(ref);
    }
  }
  if (mask.has(raw::NsKind::Mnt)) {
    change.state.mount_views[set.of(raw::NsKind::Mnt)] = view;
  }
  if (mask.has(raw::NsKind::Uts)) {
    change.state.hostnames[set.of(raw::NsKind::Uts)] = change.state.hostnames[old_uts];
  }
  if (mask.has(raw::NsKind::User)) {
    enter_new_user_ns(change.task);
  }
  note_move(change.process, mask);
  fact.after = all.strip(set);
  change.say(fact);
}

void join(Change& change, raw::NsKind kind, NsRef ref, std::string path) {
  NsSet& set = change.task.ns;
  NamespaceJoined fact;
  fact.kind = kind;
  fact.ns = ref;
  fact.path = std::move(path);
  fact.owner = change.state.find_ns_member(ref, change.task.id);
  if (kind == raw::NsKind::Pid) {
    set.pid_for_children = ref;
    fact.for_children = true;
  } else if (kind == raw::NsKind::Time) {
    set.of(kind) = ref;
    set.time_for_children = ref;
  } else {
    set.of(kind) = ref;
    change.state.namespaces.add_member(ref);
  }
  if (kind == raw::NsKind::Mnt) {
    change.process.root = "/";
    change.process.cwd = "/";
  }
  if (kind == raw::NsKind::User) {
    enter_new_user_ns(change.task);
  }
  NsMask moved;
  moved.add(kind);
  note_move(change.process, moved);
  change.say(fact);
}

void apply_setns(Change& change) {
  const auto fd = static_cast<std::int32_t>(change.arg(0));
  const std::string target = change.fd_target(fd);
  if (const std::optional<base::NsInode> inode = base::parse_ns_link(target)) {
    const std::string_view name = std::string_view(target).substr(0, target.find(':'));
    if (const std::optional<raw::NsKind> kind = parse_ns_kind(name)) {
      join(change, *kind, change.state.namespaces.by_inode(*kind, *inode), target);
      return;
    }
  }
  // A pidfd: one call joins several namespaces of that process. The next observation tells which
  // ones they are where we do not know the process.
  const auto known = change.process.pidfds.find(fd);
  const Task* owner = nullptr;
  if (known != change.process.pidfds.end()) {
    for (const auto& [id, task] : change.state.tasks) {
      if (task.alive && !task.thread && task.pid == known->second) {
        owner = &task;
      }
    }
  }
  const NsMask mask = NsMask::from_clone_flags(change.arg(1));
  for (const raw::NsKind kind : all_ns_kinds()) {
    if (mask.has(kind)) {
      join(change, kind, owner != nullptr ? owner->ns.of(kind) : NsRef{}, target);
    }
  }
}

void apply_pidfd_open(Change& change) {
  const std::optional<base::TaskId> target =
      change.state.find_pid(change.task, static_cast<std::int32_t>(change.arg(0)));
  if (target) {
    change.process.pidfds[static_cast<std::int32_t>(change.syscall.outcome.value)] =
        change.state.tasks.at(*target).pid;
  }
}

void apply_hostname(Change& change) {
  std::string name = change.text(0);
  const bool domain = change.call.name == "setdomainname";
  if (!domain) {
    change.state.hostnames[change.task.ns.of(raw::NsKind::Uts)] = name;
  }
  change.say(HostnameSet{std::move(name), domain});
}

constexpr CallEffect kEffects[] = {
    {"unshare", apply_unshare},        {"setns", apply_setns},
    {"pidfd_open", apply_pidfd_open},  {"sethostname", apply_hostname},
    {"setdomainname", apply_hostname},
};

}  // namespace

std::span<const CallEffect> namespace_effects() { return kEffects; }

}  // namespace boxtrace::model
