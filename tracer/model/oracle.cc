// Observations against predictions. What the model could not know (the number of a new namespace,
// the effect of file capabilities at an execve) it learns here; what it should have known and did
// not is a fact that the reader gets to see, and the kernel's answer wins.

#include <algorithm>

#include "tracer/base/text.h"
#include "tracer/model/state.h"

namespace boxtrace::model {
namespace {

// A task in a new namespace has a number that we know as another's: that one is gone, if none of
// the tasks that we know is in it.
void free_recycled_number(Model::State& state, NsRef predicted, raw::NsKind kind,
                          base::NsInode observed) {
  const Namespace* ns = state.namespaces.find(predicted);
  const NsRef other = state.namespaces.known_by(kind, observed);
  if (ns == nullptr || ns->inode.value != 0 || other.value == 0 || other == predicted ||
      state.namespaces.is_host(other)) {
    return;
  }
  const bool is_used = std::any_of(state.tasks.begin(), state.tasks.end(), [&](const auto& entry) {
    const Task& task = entry.second;
    return task.alive && (task.ns.of(kind) == other || task.ns.pid_for_children == other ||
                          task.ns.time_for_children == other);
  });
  if (!is_used) {
    state.namespaces.free_inode(other);
  }
}

void check_namespaces(Model::State& state, Task& task, const raw::NsLinks& links,
                      std::vector<Fact>& facts) {
  NamespacesConfirmed fact;
  std::vector<NsRef> unknown;
  const auto collect = [&](NsRef ref) {
    const Namespace* ns = state.namespaces.find(ref);
    if (ns != nullptr && ns->inode.value == 0 &&
        std::find(unknown.begin(), unknown.end(), ref) == unknown.end()) {
      unknown.push_back(ref);
    }
  };
  for (const NsRef ref : task.ns.own) {
    collect(ref);
  }
  collect(task.ns.pid_for_children);
  collect(task.ns.time_for_children);
  for (const raw::NsKind kind : all_ns_kinds()) {
    free_recycled_number(state, task.ns.of(kind), kind, links.own[static_cast<std::size_t>(kind)]);
  }
  free_recycled_number(state, task.ns.pid_for_children, raw::NsKind::Pid, links.pid_for_children);
  free_recycled_number(state, task.ns.time_for_children, raw::NsKind::Time,
                       links.time_for_children);
  for (const NsMismatch& mismatch : state.namespaces.confirm(task.ns, links)) {
    facts.emplace_back(ModelDisagrees{mismatch.link + " namespace", mismatch.predicted,
                                      std::to_string(mismatch.observed.value)});
  }
  for (const NsRef ref : unknown) {
    const Namespace* ns = state.namespaces.find(ref);
    if (ns != nullptr && ns->inode.value != 0) {
      fact.learned.push_back(ref);
    }
  }
  if (!fact.learned.empty()) {
    facts.emplace_back(std::move(fact));
  }
}

void compare(std::vector<Fact>& facts, bool known, std::string_view subject,
             std::uint64_t predicted, std::uint64_t observed) {
  if (known && predicted != observed) {
    facts.emplace_back(
        ModelDisagrees{std::string(subject), base::to_hex(predicted), base::to_hex(observed)});
  }
}

void check_status(Task& task, const raw::Status& status, std::vector<Fact>& facts) {
  Credentials& creds = task.creds;
  const CapSets seen = {status.cap_inh, status.cap_prm, status.cap_eff, status.cap_bnd,
                        status.cap_amb};
  compare(facts, creds.caps_known, "effective capabilities", creds.caps.effective, seen.effective);
  compare(facts, creds.caps_known, "permitted capabilities", creds.caps.permitted, seen.permitted);
  compare(facts, creds.caps_known, "inheritable capabilities", creds.caps.inheritable,
          seen.inheritable);
  compare(facts, creds.caps_known, "bounding set", creds.caps.bounding, seen.bounding);
  compare(facts, creds.caps_known, "ambient capabilities", creds.caps.ambient, seen.ambient);
  compare(facts, creds.ids_known, "effective uid", creds.uid[1], status.uid[1]);
  compare(facts, creds.ids_known, "effective gid", creds.gid[1], status.gid[1]);
  compare(facts, creds.ids_known, "no_new_privs", creds.no_new_privs ? 1 : 0,
          status.no_new_privs ? 1 : 0);
  creds.caps = seen;
  creds.caps_known = true;
  creds.uid = status.uid;
  creds.gid = status.gid;
  creds.groups = status.groups;
  creds.ids_known = true;
  creds.no_new_privs = status.no_new_privs;
  creds.seccomp_mode = status.seccomp_mode;
  creds.seccomp_filters = status.seccomp_filters;
  task.comm = status.comm;
  if (!status.ns_pid.empty()) {
    task.ns_pids = status.ns_pid;
  }
}

template <typename T>
void keep(std::optional<T>& into, const std::optional<T>& from) {
  if (from) {
    into = from;
  }
}

}  // namespace

void apply_observation(Model::State& state, Task& task, const raw::Observation& seen,
                       std::vector<Fact>& facts) {
  if (seen.ns) {
    check_namespaces(state, task, *seen.ns, facts);
  }
  if (seen.status) {
    // The ids after the execve of such a file are for the kernel to say.
    task.creds.ids_known = task.creds.ids_known && !seen.grants;
    check_status(task, *seen.status, facts);
  }
  if (seen.uid_map) {
    state.id_maps[task.ns.of(raw::NsKind::User)].uid = *seen.uid_map;
  }
  if (seen.gid_map) {
    state.id_maps[task.ns.of(raw::NsKind::User)].gid = *seen.gid_map;
  }
  if (seen.hostname) {
    state.hostnames[task.ns.of(raw::NsKind::Uts)] = *seen.hostname;
  }
  Task& process = *state.leader_of(task);
  if (seen.at == raw::Observation::At::Start && (seen.exe || seen.argv)) {
    process.exe = seen.exe.value_or(process.exe);
    process.argv = seen.argv.value_or(process.argv);
    assign_role(state, process);
  }
  if (seen.cwd && seen.cwd->starts_with('/')) {
    process.cwd = *seen.cwd;
  }
  raw::Observation& last = task.last;
  last.at = seen.at;
  keep(last.argv, seen.argv);
  keep(last.ns, seen.ns);
  keep(last.status, seen.status);
  keep(last.uid_map, seen.uid_map);
  keep(last.gid_map, seen.gid_map);
  keep(last.cgroup, seen.cgroup);
  keep(last.root, seen.root);
  keep(last.cwd, seen.cwd);
  keep(last.fds, seen.fds);
  keep(last.mounts, seen.mounts);
  keep(last.limits, seen.limits);
  keep(last.oom_score_adj, seen.oom_score_adj);
  keep(last.hostname, seen.hostname);
  keep(last.grants, seen.grants);
}

}  // namespace boxtrace::model
