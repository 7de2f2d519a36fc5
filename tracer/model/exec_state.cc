#include "tracer/model/exec_state.h"

#include "tracer/model/model.h"
#include "tracer/model/state.h"

namespace boxtrace::model {
namespace {

NsAtExec::Origin origin_of(const Namespaces& all, NsRef ref) {
  const Namespace* ns = all.find(ref);
  if (ns == nullptr) {
    return NsAtExec::Origin::Unknown;
  }
  switch (ns->origin) {
    case Namespace::Origin::Host:
      return NsAtExec::Origin::Host;
    case Namespace::Origin::Made:
      return NsAtExec::Origin::New;
    case Namespace::Origin::Foreign:
      break;
  }
  return NsAtExec::Origin::Joined;
}

}  // namespace

ExecState Model::exec_state(base::TaskId id) const {
  ExecState out;
  out.task = id;
  const Task* task = this->task(id);
  if (task == nullptr) {
    return out;
  }
  out.role = task->role.name;
  out.pid = task->pid;
  out.pids = task->ns_pids;
  out.exe = task->exe;
  out.argv = task->argv;
  out.env_names = task->env_names;
  for (const raw::NsKind kind : all_ns_kinds()) {
    NsAtExec& at = out.namespaces[static_cast<std::size_t>(kind)];
    const NsRef ref = task->ns.of(kind);
    at.origin = origin_of(state_->namespaces, ref);
    if (const Namespace* ns = state_->namespaces.find(ref)) {
      at.alias = ns->alias;
      at.inode = ns->inode;
    }
  }
  const Credentials& creds = task->creds;
  out.caps = creds.caps;
  out.no_new_privs = creds.no_new_privs;
  out.seccomp_mode = creds.seccomp_mode;
  out.seccomp_filters = creds.seccomp_filters;
  out.seccomp_instructions = creds.seccomp_instructions;
  out.uid = creds.uid;
  out.gid = creds.gid;
  out.groups = creds.groups;
  const auto maps = state_->id_maps.find(task->ns.of(raw::NsKind::User));
  if (maps != state_->id_maps.end()) {
    out.uid_map = maps->second.uid;
    out.gid_map = maps->second.gid;
  }
  const raw::Observation& last = task->last;
  out.cgroup = last.cgroup.value_or(std::vector<std::string>{});
  const MountView view = static_cast<const State&>(*state_).mount_view(*task);
  out.root = join_path(view.root, task->root);
  out.cwd = below(task->cwd, task->root).value_or(task->cwd);
  const auto hostname = state_->hostnames.find(task->ns.of(raw::NsKind::Uts));
  out.hostname = last.hostname                         ? *last.hostname
                 : hostname != state_->hostnames.end() ? hostname->second
                                                       : std::string{};
  out.fds = last.fds.value_or(std::vector<raw::FdTarget>{});
  out.mounts = last.mounts.value_or(std::vector<base::MountInfo>{});
  out.limits = last.limits.value_or(std::map<std::string, std::string>{});
  out.oom_score_adj = last.oom_score_adj;
  return out;
}

}  // namespace boxtrace::model
