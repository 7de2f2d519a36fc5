#include "tracer/model/model.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "decoders/registry.h"
#include "tracer/model/state.h"

namespace boxtrace::model {
namespace {

using EffectTable = std::span<const CallEffect> (*)();
constexpr std::array<EffectTable, 6> kEffectTables = {process_effects, namespace_effects,
                                                      mount_effects,   identity_effects,
                                                      file_effects,    limit_effects};

void apply_call_effect(Change& change) {
  for (const EffectTable table : kEffectTables) {
    for (const CallEffect& effect : table()) {
      if (effect.name == change.call.name) {
        const std::optional<raw::Unreadable> unread = change.unread();
        if (unread && !effect.without_memory) {
          change.task.creds.caps_known = false;  // capset may be the one; the next look at it tells
          change.say(EffectUnread{effect.name, *unread});
        } else {
          effect.apply(change);
        }
        return;
      }
    }
  }
}

bool is_exec(std::string_view name) { return name == "execve" || name == "execveat"; }

}  // namespace

void add_calls_with_effects(decoders::CallSet& calls) {
  for (const EffectTable table : kEffectTables) {
    for (const CallEffect& effect : table()) {
      for (const decoders::SyscallSpec* spec : decoders::find_syscalls(effect.name)) {
        const bool always = effect.when.kind == decoders::ArgTest::Kind::Always;
        calls.add(*spec, always ? decoders::changes_something(*spec) : effect.when);
      }
    }
  }
}

Model::Model() : state_(std::make_unique<State>()) {}
Model::~Model() = default;

std::vector<Fact> Model::apply(const raw::Event& event, const decoders::DecodedCall* call) {
  std::vector<Fact> facts;
  if (const auto* header = std::get_if<raw::Header>(&event.body)) {
    state_->header = *header;
    state_->namespaces.set_host(header->host);
    return facts;
  }
  if (const auto* started = std::get_if<raw::TaskStarted>(&event.body)) {
    apply_task_started(*state_, event, *started, facts);
    return facts;
  }
  Task* task = state_->task(event.task);
  if (task == nullptr) {
    return facts;
  }
  const auto* syscall = std::get_if<raw::Syscall>(&event.body);
  const auto* observation = std::get_if<raw::Observation>(&event.body);
  const bool exec_call = syscall != nullptr && call != nullptr && is_exec(call->name);
  if (observation == nullptr && !exec_call && state_->exec_pending.contains(task->id)) {
    report_exec(*state_, *task, nullptr, nullptr, facts);  // its call will not be seen any more
  }
  if (const auto* execed = std::get_if<raw::TaskExeced>(&event.body)) {
    apply_task_execed(*state_, *task, *execed);
  } else if (const auto* exited = std::get_if<raw::TaskExited>(&event.body)) {
    apply_task_exited(*state_, *task, *exited, facts);
  } else if (const auto* signal = std::get_if<raw::Signal>(&event.body)) {
    facts.emplace_back(SignalDelivered{*signal});
  } else if (observation != nullptr) {
    apply_observation(*state_, *task, *observation, facts);
  } else if (exec_call && state_->exec_pending.contains(task->id)) {
    report_exec(*state_, *task, call, syscall, facts);
  } else if (syscall != nullptr && call != nullptr &&
             syscall->outcome.kind == raw::Outcome::Kind::Returned && !syscall->injected) {
    Change change{*state_, event, *syscall, *call, *task, *state_->leader_of(*task), facts};
    apply_call_effect(change);
  }
  return facts;
}

const Task* Model::task(base::TaskId id) const {
  const auto found = state_->tasks.find(id);
  return found == state_->tasks.end() ? nullptr : &found->second;
}

const Task* Model::process_of(base::TaskId id) const {
  const Task* thread = task(id);
  return thread == nullptr ? nullptr : state_->leader_of(*thread);
}

const std::map<base::TaskId, Task>& Model::tasks() const { return state_->tasks; }
const Namespaces& Model::namespaces() const { return state_->namespaces; }
const raw::Header& Model::header() const { return state_->header; }

std::string Model::strip(base::TaskId id) const {
  const Task* found = task(id);
  return found == nullptr ? std::string(raw::kNsKinds, '?') : state_->namespaces.strip(found->ns);
}

std::optional<base::TaskId> Model::find_pid(base::TaskId viewer, std::int32_t pid) const {
  const Task* from = task(viewer);
  return from == nullptr ? std::nullopt : state_->find_pid(*from, pid);
}

Path Model::resolve(base::TaskId id, const raw::Syscall& syscall, const decoders::DecodedCall& call,
                    std::string_view path_arg, std::string_view dirfd_arg) const {
  const Task* process = process_of(id);
  const decoders::Value* value = call.arg(path_arg);
  const std::string* text = value == nullptr ? nullptr : value->text();
  if (process == nullptr || text == nullptr) {
    return {};
  }
  std::optional<std::int32_t> dirfd;
  if (const decoders::Value* dir = dirfd_arg.empty() ? nullptr : call.arg(dirfd_arg)) {
    if (const std::optional<std::uint64_t> number = dir->raw()) {
      dirfd = static_cast<std::int32_t>(*number);
    }
  }
  return resolve_path(*state_, *process, syscall, *text, dirfd);
}

// ---- what the files of this folder share ----

Task* Model::State::task(base::TaskId id) {
  const auto found = tasks.find(id);
  return found == tasks.end() ? nullptr : &found->second;
}

Task* Model::State::leader_of(const Task& task) {
  const auto found = tasks.find(task.leader);
  return found == tasks.end() ? &tasks.at(task.id) : &found->second;
}

const Task* Model::State::leader_of(const Task& task) const {
  const auto found = tasks.find(task.leader);
  return found == tasks.end() ? &tasks.at(task.id) : &found->second;
}

MountView& Model::State::mount_view(const Task& task) {
  return mount_views[task.ns.of(raw::NsKind::Mnt)];
}

MountView Model::State::mount_view(const Task& task) const {
  const auto found = mount_views.find(task.ns.of(raw::NsKind::Mnt));
  return found == mount_views.end() ? MountView{} : found->second;
}

std::optional<base::TaskId> Model::State::find_pid(const Task& viewer, std::int64_t pid) const {
  // 0 in a system call's pid argument is the caller itself.
  if (pid == 0) {
    return viewer.id;
  }
  const bool outside = namespaces.is_host(viewer.ns.of(raw::NsKind::Pid)) ||
                       viewer.ns.of(raw::NsKind::Pid).value == 0;
  std::optional<base::TaskId> found;
  for (const auto& [id, candidate] : tasks) {
    if (!candidate.alive) {
      continue;
    }
    if (outside ? candidate.tid.value == pid
                : candidate.ns.of(raw::NsKind::Pid) == viewer.ns.of(raw::NsKind::Pid) &&
                      !candidate.ns_pids.empty() && candidate.ns_pids.back().value == pid) {
      found = id;
    }
  }
  return found;
}

std::optional<base::TaskId> Model::State::find_ns_member(NsRef ref, base::TaskId except) const {
  if (ref.value == 0) {
    return std::nullopt;
  }
  const Namespace* ns = namespaces.find(ref);
  for (const auto& [id, candidate] : tasks) {
    if (candidate.alive && id != except && !candidate.thread && ns != nullptr &&
        candidate.ns.of(ns->kind) == ref) {
      return id;
    }
  }
  return std::nullopt;
}

std::string Change::text(std::size_t index) const {
  if (index >= call.args.size()) {
    return {};
  }
  const std::string* bytes = call.args[index].value.text();
  return bytes == nullptr ? std::string{} : *bytes;
}

const decoders::Value* Change::value(std::size_t index) const {
  return index < call.args.size() ? &call.args[index].value : nullptr;
}

std::optional<raw::Unreadable> Change::unread() const {
  for (const decoders::Field& arg : call.args) {
    if (const auto* missing = arg.value.as<decoders::Missing>()) {
      return missing->why;
    }
    const auto* text = arg.value.as<decoders::Text>();
    const auto* fields = arg.value.as<decoders::Struct>();
    const auto& failure = text != nullptr     ? text->failure
                          : fields != nullptr ? fields->failure
                                              : std::nullopt;
    if (failure) {
      return failure;
    }
  }
  return std::nullopt;
}

std::string Change::fd_target(std::int32_t fd) const {
  const auto found =
      std::find_if(syscall.fds.begin(), syscall.fds.end(),
                   [fd](const raw::FdTarget& known) { return known.fd.value == fd; });
  return found == syscall.fds.end() ? std::string{} : found->target;
}

Path Change::path(std::size_t index, std::optional<std::size_t> dirfd_index) const {
  std::optional<std::int32_t> dirfd;
  if (dirfd_index) {
    dirfd = static_cast<std::int32_t>(arg(*dirfd_index));
  }
  return resolve_path(state, process, syscall, text(index), dirfd);
}

}  // namespace boxtrace::model
