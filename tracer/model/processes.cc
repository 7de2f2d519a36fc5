// Birth, exec and death. A birth is known before the call that causes it returns, and carries the
// flags of that call; which namespaces the child is in follows from them and from the creator's
// state, since the creator stands still in its clone. Sources: clone(2), execve(2),
// kernel/nsproxy.c: copy_namespaces, create_new_namespaces.

#include <algorithm>

#include "decoders/registry.h"
#include "tracer/base/text.h"
#include "tracer/model/state.h"

namespace boxtrace::model {
namespace {

constexpr std::uint64_t kCloneVm = 0x100;  // linux/sched.h
constexpr std::uint64_t kCloneThread = 0x10000;

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// What the child is in, from what the creator is in and the clone flags.
NsMask inherit_namespaces(Model::State& state, const Task& creator, Task& child, base::Seq at) {
  const NsMask made = NsMask::from_clone_flags(child.born_flags);
  Namespaces& all = state.namespaces;
  const NsSet& from = creator.ns;
  child.ns = from;
  if (!child.thread) {
    child.ns.of(raw::NsKind::Pid) = from.pid_for_children;
    // A child that shares memory shares the vdso's data page, and so the time namespace, until it
    // execs. kernel/time/namespace.c: timens_on_fork().
    if ((child.born_flags & kCloneVm) == 0 && from.time_for_children.value != 0) {
      child.ns.of(raw::NsKind::Time) = from.time_for_children;
    }
  }
  for (const raw::NsKind kind : all_ns_kinds()) {
    if (made.has(kind)) {
      child.ns.of(kind) = all.make(kind, creator.id, at);
    }
  }
  if (!child.thread) {
    child.ns.pid_for_children = child.ns.of(raw::NsKind::Pid);
    if (made.has(raw::NsKind::Time)) {
      child.ns.time_for_children = child.ns.of(raw::NsKind::Time);
    }
  }
  if (made.has(raw::NsKind::Mnt)) {
    const MountView view = state.mount_view(creator);
    state.mount_views[child.ns.of(raw::NsKind::Mnt)] = view;
  }
  if (made.has(raw::NsKind::Uts)) {
    state.hostnames[child.ns.of(raw::NsKind::Uts)] = state.hostnames[from.of(raw::NsKind::Uts)];
  }
  return made;
}

void inherit(const Task& creator, const Task& process, Task& child, NsMask made) {
  child.creds = creator.creds;
  if (made.has(raw::NsKind::User)) {
    constexpr std::uint64_t kAllCaps = (1ULL << 41) - 1;  // see namespace_calls.cc
    child.creds.caps = {0, kAllCaps, kAllCaps, kAllCaps, 0};
    child.creds.securebits = 0;
  }
  child.comm = creator.comm;
  child.exe = process.exe;
  child.argv = process.argv;
  child.env_names = process.env_names;
  child.root = process.root;
  child.cwd = process.cwd;
  child.pidfds = process.pidfds;
  child.role = process.role;
  child.moved_by_program = process.moved_by_program;
  note_move(child, made);
}

void predict_pids(const Task* creator, Task& child, bool first) {
  if (first && creator != nullptr) {
    child.ns_pids = creator->ns_pids;
    if (!child.ns_pids.empty()) {
      child.ns_pids.back() = {0};  // its number in the namespaces between is not known yet
    }
    if (child.ns_pids.size() == 1) {
      child.ns_pids.front() = {child.tid.value};
      child.ns_pids.push_back({1});
      return;
    }
    child.ns_pids.clear();
  } else if (creator == nullptr || creator->ns_pids.size() == 1) {
    if (creator == nullptr || creator->ns.pid_for_children == creator->ns.of(raw::NsKind::Pid)) {
      child.ns_pids = {{child.tid.value}};
    }
  }
}

bool is_copy_of_program(std::string_view exe) {
  return exe == "/" || exe.starts_with("/memfd:") || exe.ends_with(" (deleted)");
}

void apply_prctl_name(Change& change) {
  constexpr std::uint64_t kSetPdeathsig = 1;  // linux/prctl.h
  constexpr std::uint64_t kSetName = 15;
  constexpr std::uint64_t kSetChildSubreaper = 36;
  const auto option = static_cast<std::uint32_t>(change.arg(0));
  if (option == kSetName) {
    std::string name = change.text(1).substr(0, 15);  // TASK_COMM_LEN - 1
    if (!name.empty() && name != change.task.comm) {
      CommChanged fact{change.task.comm, name};
      change.task.comm = std::move(name);
      const RoleKind by_deed = change.process.role.kind;
      assign_role(change.state, change.process);
      if (change.process.role.kind == RoleKind::Program) {
        change.process.role.kind = by_deed;  // a name takes nothing back
      }
      change.say(std::move(fact));
    }
  } else if (option == kSetPdeathsig) {
    change.say(DeathSignalSet{static_cast<int>(change.arg(1))});
  } else if (option == kSetChildSubreaper && change.arg(1) != 0) {
    change.say(SubreaperSet{});
  }
}

void apply_chdir(Change& change) {
  const Path path = change.path(0);
  change.process.cwd = ns_path_of(change.state, change.process, path);
}

void apply_fchdir(Change& change) {
  const std::string target = change.fd_target(static_cast<std::int32_t>(change.arg(0)));
  change.process.cwd = target.starts_with('/') ? target : "";
}

void apply_setsid(Change& change) { change.say(SessionMade{}); }

}  // namespace

void apply_prctl_identity(Change& change);  // identity.cc

namespace {

void apply_prctl(Change& change) {
  apply_prctl_name(change);
  apply_prctl_identity(change);
}

constexpr CallEffect kEffects[] = {
    {"prctl", apply_prctl, true},
    {"chdir", apply_chdir},
    {"fchdir", apply_fchdir},
    {"setsid", apply_setsid},
};

}  // namespace

std::span<const CallEffect> process_effects() { return kEffects; }

void note_move(Task& process, NsMask kinds) {
  process.moved_by_program = process.moved_by_program | kinds;
  if (!kinds.empty() && process.role.kind == RoleKind::Program) {
    process.role.kind = RoleKind::Sandbox;
  }
}

void assign_role(Model::State& state, Task& process) {
  const Task* parent = process.creator ? state.task(*process.creator) : nullptr;
  const Task* parent_process = parent == nullptr ? nullptr : state.leader_of(*parent);
  const std::string parent_role = parent_process == nullptr ? "" : parent_process->role.name;
  const bool contained =
      parent_process != nullptr &&
      parent_process->ns.of(raw::NsKind::Pid) == process.ns.of(raw::NsKind::Pid) &&
      !state.namespaces.is_host(process.ns.of(raw::NsKind::Pid));
  process.role = find_role({process.exe, process.argv, process.comm, parent_role, contained});
}

void apply_task_started(Model::State& state, const raw::Event& event,
                        const raw::TaskStarted& started, std::vector<Fact>& facts) {
  Task child;
  child.id = event.task;
  child.leader = started.leader.value == 0 ? event.task : started.leader;
  child.creator = started.creator;
  child.tid = started.tid;
  child.pid = started.pid;
  child.thread = (started.flags & kCloneThread) != 0 || started.pid.value != started.tid.value;
  child.born_flags = started.flags;
  child.born_at = event.seq;
  TaskBorn born;
  born.task = child.id;
  born.creator = started.creator;
  born.cause = started.cause;
  if (const decoders::SyscallSpec* by =
          started.by ? decoders::find_syscall(started.by->abi, started.by->nr) : nullptr) {
    born.call = by->name;
  }
  born.flags = started.flags;
  born.thread = child.thread;
  const Task* creator = started.creator ? state.task(*started.creator) : nullptr;
  const std::string before = creator == nullptr ? "" : state.namespaces.strip(creator->ns);
  if (creator != nullptr) {
    born.made = inherit_namespaces(state, *creator, child, event.seq);
    inherit(*creator, *state.leader_of(*creator), child, born.made);
  } else {
    for (const raw::NsKind kind : all_ns_kinds()) {
      child.ns.of(kind) = started.cause == raw::TaskStarted::Cause::Launched
                              ? state.namespaces.host(kind)
                              : NsRef{};
    }
    child.ns.pid_for_children = child.ns.of(raw::NsKind::Pid);
    child.ns.time_for_children = child.ns.of(raw::NsKind::Time);
  }
  const NsRef pid_ns = child.ns.of(raw::NsKind::Pid);
  const Namespace* ns = state.namespaces.find(pid_ns);
  born.first_of_pid_ns = !child.thread && ns != nullptr && ns->origin == Namespace::Origin::Made &&
                         ns->members_ever == 0;
  if (!child.thread) {
    for (const raw::NsKind kind : all_ns_kinds()) {
      state.namespaces.add_member(child.ns.of(kind));
    }
  }
  predict_pids(creator, child, born.first_of_pid_ns);
  const base::TaskId id = child.id;
  state.tasks[id] = std::move(child);
  facts.emplace_back(born);
  if (!born.made.empty()) {
    facts.emplace_back(NamespacesMade{
        born.call, true, born.made, {}, id, before, state.namespaces.strip(state.tasks.at(id).ns)});
  }
}

void apply_task_execed(Model::State& state, Task& task, const raw::TaskExeced& execed) {
  if (task.thread) {
    // It is the leader now: exec by another thread than the leader takes over the leader's tid.
    if (const Task* leader = state.task(task.leader)) {
      task.exe = leader->exe;
      task.argv = leader->argv;
      task.role = leader->role;
      task.root = leader->root;
      task.cwd = leader->cwd;
      task.creator = leader->creator;
      task.ns_pids = leader->ns_pids;
      task.pid = leader->pid;
      task.tid = {leader->pid.value};
    }
    task.thread = false;
    const base::TaskId old_leader = task.leader;
    task.leader = task.id;
    for (auto& [id, other] : state.tasks) {
      if (other.leader == old_leader && id != task.id) {
        other.alive = false;  // each has its own exit event, or had it
      }
    }
  }
  task.creds.caps_known = false;  // file capabilities and set-user-ID bits decide; see observation
  if (task.ns.time_for_children != task.ns.of(raw::NsKind::Time)) {
    task.ns.of(raw::NsKind::Time) = {};  // kernels from 6.3 on switch at execve, older ones do not
  }
  task.pidfds.clear();
  task.last.fds.reset();
  task.last.argv.reset();
  task.last.grants.reset();
  state.exec_pending.insert(task.id);
  task.env_names.clear();
  task.last.at = raw::Observation::At::Call;
  task.exe_before = std::move(task.exe);
  task.exe = execed.exe;
}

void report_exec(Model::State& state, Task& task, const decoders::DecodedCall* call,
                 const raw::Syscall* syscall, std::vector<Fact>& facts) {
  state.exec_pending.erase(task.id);
  Execed fact;
  fact.exe = task.exe;
  const std::vector<std::string> old_argv = task.argv;
  if (call != nullptr && syscall != nullptr) {
    const std::size_t first = call->name == "execveat" ? 1 : 0;
    const auto strings = [&](std::size_t index) {
      std::vector<std::string> out;
      const auto* list =
          index < call->args.size() ? call->args[index].value.as<decoders::List>() : nullptr;
      if (list != nullptr) {
        for (const decoders::Value& item : list->items) {
          if (const std::string* text = item.text()) {
            out.push_back(*text);
          }
        }
      }
      return out;
    };
    if (const std::string* path = call->args[first].value.text()) {
      fact.via = *path;
    }
    fact.argv = strings(first + 1);
    for (const std::string& variable : strings(first + 2)) {
      fact.env_names.push_back(variable.substr(0, variable.find('=')));
    }
  } else if (task.last.argv) {
    fact.argv = *task.last.argv;
  }
  task.argv = fact.argv;
  task.env_names = fact.env_names;
  const bool same_name = !old_argv.empty() && !task.argv.empty() &&
                         base_name(old_argv.front()) == base_name(task.argv.front());
  fact.re_exec = task.execs > 0 || !task.exe_before.empty();
  fact.re_exec = fact.re_exec &&
                 ((same_name && (task.exe == task.exe_before || is_copy_of_program(task.exe))) ||
                  fact.via == "/proc/self/exe" || fact.via == "/proc/thread-self/exe");
  ++task.execs;
  if (!fact.via.empty()) {
    task.comm = std::string(base_name(fact.via).substr(0, 15));
  }
  const Role before = task.role;
  assign_role(state, task);
  const std::string strip = state.namespaces.strip(task.ns);
  const bool contained = std::any_of(strip.begin(), strip.end(),
                                     [](char letter) { return letter >= 'A' && letter <= 'Z'; });
  // Started again from itself it goes on with what it does.
  const bool goes_on =
      fact.re_exec && (fact.via == "/proc/self/exe" || is_copy_of_program(task.exe));
  // A sandbox nobody has heard of is known by what it did: its own code put the process there.
  const bool made_by_known = before.kind == RoleKind::Stage || before.kind == RoleKind::Sandbox ||
                             before.kind == RoleKind::Runtime;
  const bool made_by_program = !before.is_daemon && !task.moved_by_program.empty();
  if (contained && task.role.kind == RoleKind::Program && (made_by_known || made_by_program)) {
    task.role.kind = goes_on && made_by_program ? RoleKind::Sandbox : RoleKind::Container;
  }
  task.moved_by_program = goes_on ? task.moved_by_program : NsMask{};
  facts.emplace_back(std::move(fact));
  report_withheld_privilege(state, task, facts);
}

void apply_task_exited(Model::State& state, Task& task, const raw::TaskExited& exited,
                       std::vector<Fact>& facts) {
  task.alive = false;
  task.exit = exited;
  // Kept for its name and its number; of thousands that come and go the rest would add up.
  task.last = {};
  task.env_names = {};
  task.pidfds = {};
  state.exec_pending.erase(task.id);
  facts.emplace_back(Exited{exited});
}

}  // namespace boxtrace::model
