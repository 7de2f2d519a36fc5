// Programs that start with more than their caller has: set-user-ID and set-group-ID bits, and file
// capabilities.
//
// The kernel gives nothing away to a task whose tracer could not have traced a process with that
// privilege to begin with, for the tracer would control the more powerful program. It does not fail
// the execve: the program starts as the caller, and `sudo`, `su` or `ping` complain of something
// else. No event says so. But what the file grants is known from its inode, and what the task is
// from /proc, so the difference can be told, and its reason: three others come before the tracer.
// Sources: execve(2), ptrace(2) "Set-user-ID and set-group-ID programs", fs/exec.c: bprm_fill_uid,
// mnt_may_suid, security/commoncap.c: cap_bprm_creds_from_file, ptracer_capable.

#include <algorithm>

#include "tracer/model/state.h"

namespace boxtrace::model {
namespace {

constexpr std::uint32_t kSetUserId = 04000;  // inode(7)
constexpr std::uint32_t kSetGroupId = 02000;
constexpr std::uint32_t kGroupMayExecute = 010;  // without it the bit once meant mandatory locking

bool is_mapped(const std::vector<base::IdMapLine>& map, std::uint32_t outside) {
  return std::any_of(map.begin(), map.end(), [&](const base::IdMapLine& line) {
    return outside >= line.outside && outside - line.outside < line.count;
  });
}

// Ids of maps and of files are both as the tracer sees them, but the map of the tracer's own user
// namespace speaks of its parent's.
bool are_mapped(const Model::State& state, const Task& task, const PrivilegeWithheld& fact) {
  const NsRef ns = task.ns.of(raw::NsKind::User);
  const auto maps = state.id_maps.find(ns);
  if (state.namespaces.is_host(ns) || maps == state.id_maps.end()) {
    return true;
  }
  return (!fact.uid || is_mapped(maps->second.uid, *fact.uid)) &&
         (!fact.gid || is_mapped(maps->second.gid, *fact.gid));
}

}  // namespace

void report_withheld_privilege(Model::State& state, const Task& task, std::vector<Fact>& facts) {
  const raw::Observation& seen = task.last;
  if (!seen.grants || !seen.status) {
    return;
  }
  const raw::FilePrivilege& grants = *seen.grants;
  const raw::Status& status = *seen.status;
  PrivilegeWithheld fact;
  if ((grants.mode & kSetUserId) != 0 && status.uid[1] != grants.uid) {
    fact.uid = grants.uid;
  }
  constexpr std::uint32_t kGroup = kSetGroupId | kGroupMayExecute;
  if ((grants.mode & kGroup) == kGroup && status.gid[1] != grants.gid) {
    fact.gid = grants.gid;
  }
  fact.caps = grants.caps & status.cap_bnd & ~status.cap_prm;
  if (!fact.uid && !fact.gid && fact.caps == 0) {
    return;
  }
  using Why = PrivilegeWithheld::Why;
  fact.why = status.no_new_privs              ? Why::NoNewPrivs
             : grants.nosuid                  ? Why::NosuidMount
             : !are_mapped(state, task, fact) ? Why::UnmappedId
             : !grants.tracer_may             ? Why::Tracer
                                              : Why::Unknown;
  fact.exe = task.exe;
  facts.emplace_back(std::move(fact));
}

}  // namespace boxtrace::model
