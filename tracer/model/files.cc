// Files that are not files: a write to /proc/PID/uid_map, to a cgroup's cgroup.procs or below
// /proc/sys changes the kernel's state, and mkdir in cgroupfs makes a cgroup. What was written is
// an ordinary buffer; what it means follows from the descriptor's target. Sources:
// user_namespaces(7), cgroups(7), proc(5).

#include <algorithm>

#include "tracer/base/procfs_text.h"
#include "tracer/base/text.h"
#include "tracer/model/state.h"

namespace boxtrace::model {
namespace {

constexpr std::string_view kCgroupRoot = "/sys/fs/cgroup/";

struct CgroupPath {
  std::string controller;
  std::string group;  // below the hierarchy, with a leading slash
  std::string file;   // empty for a directory
};

// `directory`: the last piece is a group, not a file.
std::optional<CgroupPath> parse_cgroup_path(const Model::State& state, const Path& path,
                                            bool directory) {
  std::string_view rest = path.outside;
  if (!rest.starts_with(kCgroupRoot)) {
    return std::nullopt;
  }
  rest.remove_prefix(kCgroupRoot.size());
  CgroupPath out;
  if (state.header.cgroup == "v2") {
    out.controller = "unified";
  } else {
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) {
      return std::nullopt;  // the mount point of a hierarchy, not a group
    }
    out.controller = std::string(rest.substr(0, slash));
    rest.remove_prefix(slash + 1);
  }
  if (!directory) {
    const std::size_t slash = rest.rfind('/');
    out.file = std::string(slash == std::string_view::npos ? rest : rest.substr(slash + 1));
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(0, slash);
  }
  out.group = "/" + std::string(rest);
  return out;
}

// The task that `/proc/<who>/...` is about. The number belongs to the procfs instance that was
// opened; a runtime opens the host's, a contained process its own.
std::optional<base::TaskId> proc_owner(const Change& change, std::string_view who) {
  if (who == "self" || who == "thread-self") {
    return change.task.id;
  }
  const std::optional<std::int64_t> pid = base::parse_i64(who);
  if (!pid) {
    return std::nullopt;
  }
  for (const auto& [id, task] : change.state.tasks) {
    if (task.alive && task.tid.value == *pid) {
      return id;
    }
  }
  return change.state.find_pid(change.task, *pid);
}

void write_id_map(Change& change, std::string_view text, std::optional<base::TaskId> target,
                  bool gid) {
  IdMapWritten fact;
  fact.gid = gid;
  fact.target = target;
  fact.lines = base::parse_id_map(text);
  if (target) {
    IdMaps& maps = change.state.id_maps[change.state.tasks.at(*target).ns.of(raw::NsKind::User)];
    (gid ? maps.gid : maps.uid) = fact.lines;
  }
  change.say(std::move(fact));
}

/// `attr/exec`, `attr/apparmor/current` and the like. AppArmor takes a verb with the name of the
/// profile, `exec NAME` or `changeprofile NAME`, in the files of either form; SELinux a bare label.
void write_label(Change& change, std::string_view path, std::string_view text) {
  const std::string_view file = path.substr(path.rfind('/') + 1);
  if (file != "exec" && file != "current") {
    return;
  }
  SecurityLabelSet fact;
  fact.at_exec = file == "exec";
  while (text.ends_with('\0') || text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  for (const std::string_view verb : {"exec ", "changeprofile ", "stack "}) {
    if (text.starts_with(verb)) {
      text.remove_prefix(verb.size());
      fact.apparmor = true;
    }
  }
  fact.label = std::string(text);
  change.say(std::move(fact));
}

void write_proc(Change& change, std::string_view path, const std::string& text) {
  path.remove_prefix(std::string_view("/proc/").size());
  if (path.starts_with("sys/")) {
    std::string key(path.substr(4));
    std::replace(key.begin(), key.end(), '/', '.');
    change.say(SysctlWritten{std::move(key), std::string(base::trim(text))});
    return;
  }
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) {
    return;
  }
  const std::optional<base::TaskId> owner = proc_owner(change, path.substr(0, slash));
  const std::string_view file = path.substr(path.rfind('/') + 1);
  if (file == "uid_map" || file == "gid_map") {
    write_id_map(change, text, owner, file == "gid_map");
  } else if (file == "setgroups" && base::trim(text) == "deny") {
    change.say(SetgroupsDenied{owner});
  } else if (file == "timens_offsets") {
    change.say(TimeOffsetsWritten{std::string(base::trim(text))});
  } else if (file == "oom_score_adj") {
    change.say(OomScoreSet{std::string(base::trim(text)), owner});
  } else if (path.find("/attr/") != std::string_view::npos) {
    write_label(change, path, text);
  }
}

void write_cgroup(Change& change, const CgroupPath& path, const std::string& text) {
  if (path.file == "cgroup.procs" || path.file == "tasks") {
    const std::optional<std::int64_t> pid = base::parse_i64(base::trim(text));
    CgroupJoined fact;
    fact.file = path.file;
    fact.controller = path.controller;
    fact.group = path.group;
    if (pid) {
      fact.who = change.state.find_pid(change.task, *pid);
    }
    change.say(std::move(fact));
    return;
  }
  change.say(CgroupLimitSet{path.controller, path.group, path.file, std::string(base::trim(text))});
}

/// `/17/task/17/attr/exec`: a runtime keeps a procfs that is mounted nowhere, or not any more,
/// whose paths the kernel shows without `/proc`.
bool is_label_of_detached_proc(std::string_view target) {
  const std::size_t slash = target.find('/', 1);
  return slash != std::string_view::npos && base::parse_u64(target.substr(1, slash - 1)) &&
         target.find("/attr/", slash) != std::string_view::npos;
}

void apply_write(Change& change) {
  std::string target = change.fd_target(static_cast<std::int32_t>(change.arg(0)));
  if (is_label_of_detached_proc(target)) {
    target.insert(0, "/proc");
  }
  if (target.empty() || target.front() != '/') {
    return;
  }
  const bool to_proc = target.starts_with("/proc/");
  const std::optional<CgroupPath> cgroup =
      parse_cgroup_path(change.state, place(change.state, change.process, {}, target), false);
  if (!to_proc && !cgroup) {
    return;
  }
  if (const std::optional<raw::Unreadable> why = change.unread()) {
    change.say(EffectUnread{"write", *why});
  } else if (to_proc) {
    write_proc(change, target, change.text(1));
  } else {
    write_cgroup(change, *cgroup, change.text(1));
  }
}

void say_directory(Change& change, const Path& path, bool made) {
  const std::optional<CgroupPath> cgroup = parse_cgroup_path(change.state, path, true);
  if (cgroup && made) {
    change.say(CgroupMade{path, cgroup->controller, cgroup->group});
  } else if (cgroup) {
    change.say(CgroupRemoved{path, cgroup->controller, cgroup->group});
  } else if (made) {
    change.say(DirectoryMade{path});
  } else {
    change.say(DirectoryRemoved{path});
  }
}

void apply_mkdir(Change& change) { say_directory(change, change.path(0), true); }
void apply_mkdirat(Change& change) { say_directory(change, change.path(1, 0), true); }
void apply_rmdir(Change& change) { say_directory(change, change.path(0), false); }
constexpr std::uint32_t kRemoveDir = 0x200;  // linux/fcntl.h: AT_REMOVEDIR

void apply_unlinkat(Change& change) {
  if ((change.arg(2) & kRemoveDir) != 0) {
    say_directory(change, change.path(1, 0), false);
  }
}

using Test = decoders::ArgTest;

// Files of cgroupfs, /proc/sys and the id maps take a page at most in one write. Sources:
// fs/kernfs/file.c: kernfs_fop_write_iter, kernel/user_namespace.c: map_write.
constexpr Test kOfAPage{Test::Kind::Below, 2, 4096 + 1};
constexpr Test kOfADirectory{Test::Kind::AnyBit, 2, kRemoveDir};

constexpr CallEffect kEffects[] = {
    {"write", apply_write, true, kOfAPage},
    {"pwrite64", apply_write, true, kOfAPage},
    {"mkdir", apply_mkdir},
    {"mkdirat", apply_mkdirat},
    {"rmdir", apply_rmdir},
    {"unlinkat", apply_unlinkat, false, kOfADirectory},
};

}  // namespace

std::span<const CallEffect> file_effects() { return kEffects; }

}  // namespace boxtrace::model
