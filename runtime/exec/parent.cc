#include "runtime/exec/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "runtime/exec/channel.h"
#include "runtime/exec/child.h"
#include "runtime/exec/clone.h"
#include "runtime/exec/fd_passing.h"
#include "runtime/exec/hook.h"
#include "runtime/exec/idmap.h"
#include "runtime/exec/net_devices.h"
#include "runtime/exec/prepare.h"
#include "runtime/exec/resctrl_steps.h"
#include "runtime/exec/scheduling.h"
#include "runtime/plan/render.h"
#include "tracer/os/file.h"

namespace boxrun::exec {
namespace {

/// The state that hooks read, in the two halves around the pid.
HookState hook_state(const state::State& state, state::Status status) {
  state::State with_mark = state;
  with_mark.pid = 1;  // a state without a pid would be printed differently
  const std::string document = state::render_oci_state(with_mark, status, -1);
  const std::string field = "\"pid\":";
  const auto start = document.find(field) + field.size();
  return {document.substr(0, start), document.substr(start + 1)};
}

/// What goes to a seccomp listener with the descriptor, cut where init's pid goes, which stands in
/// it twice. Source: runtime-spec config-linux.md, "The Container Process State".
std::vector<std::string> seccomp_state(const state::State& state, const config::Seccomp& seccomp) {
  const HookState inner = hook_state(state, state::Status::Creating);
  nlohmann::ordered_json head = {{"ociVersion", state.oci_version}, {"fds", {"seccompFd"}}};
  if (!seccomp.listener_metadata.empty()) {
    head["metadata"] = seccomp.listener_metadata;
  }
  std::string text = head.dump();
  text.pop_back();
  return {text + ",\"pid\":", ",\"state\":" + inner.before_pid, inner.after_pid + "}"};
}

/// The setting that a step realises; for a step with several, the one that was refused.
std::string setting_of(const plan::Step& step, int entry) {
  const auto* joins = std::get_if<plan::JoinNamespaces>(&step.action);
  if (joins != nullptr && entry >= 0 && static_cast<std::size_t>(entry) < joins->settings.size()) {
    return joins->settings[static_cast<std::size_t>(entry)];
  }
  if (std::holds_alternative<plan::RunHooks>(step.action) && entry >= 0) {
    return fmt::format("{}/{}", step.setting, entry);
  }
  return step.setting;
}

/// `/mounts/3: mount sysfs on /sys: <what>`.
std::string framed(const plan::Step& step, int entry, const std::string& what) {
  const std::string setting = setting_of(step, entry);
  return fmt::format("{}{}{}: {}", setting, setting.empty() ? "" : ": ",
                     plan::render_action(step.action), what);
}

bool is_about_program(const plan::Step& step) {
  return std::holds_alternative<plan::FindProgram>(step.action) ||
         std::holds_alternative<plan::Execute>(step.action);
}

void reap(pid_t pid) {
  if (pid > 0) {
    ::kill(pid, SIGKILL);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

}  // namespace

state::State make_state(const config::Config& config, const plan::Circumstances& at) {
  state::State state;
  state.oci_version = config.oci_version;
  state.id = at.id;
  state.bundle = at.bundle;
  state.rootfs = plan::resolve_in_bundle(at.bundle, config.root_path);
  state.created = state::read_timestamp();
  state.owner = ::geteuid();
  state.own_pid_namespace = config.has_new(config::NamespaceKind::Pid);
  state.annotations = config.annotations;
  if (!config.process.terminal) {
    state.streams = state::read_own_streams();
  }
  return state;
}

Parent::Parent(const plan::Plan& plan, const config::Config& config,
               const plan::Circumstances& circumstances, const state::Entry& entry, const Log& log)
    : plan_(plan),
      config_(config),
      at_(circumstances),
      entry_(entry),
      log_(log),
      state_(make_state(config, circumstances)) {}

Parent::~Parent() {
  if (prepared_.progress != nullptr) {
    ::munmap(prepared_.progress, sizeof(std::atomic<int>));
  }
}

void Parent::adopt(const state::State& state,
                   std::map<config::NamespaceKind, os::UniqueFd> namespaces) {
  state_ = state;
  chosen_ = state.cgroup;
  prepared_.namespaces = std::move(namespaces);
}

Result<void> Parent::run() {
  auto result = run_steps();
  if (!result.ok()) {
    clean_up();
  }
  return result;
}

Result<void> Parent::run_steps() {
  // state.json comes before the first thing that could be left behind, the cgroup; a directory
  // without one is understood by `delete --force`.
  TRY_OK(prepare(config_, at_, entry_.cache_path(), log_, prepared_));
  prepared_.lock_fd = entry_.lock_fd();
  if (at_.wait_for_start) {
    TRY_OK(entry_.make_fifo());
    TRY(prepared_.start_fifo, os::open_file(entry_.fifo_path(), O_RDWR));
  }
  prepared_.hook_states["creating"] = hook_state(state_, state::Status::Creating);
  if (prepared_.seccomp_listener) {
    prepared_.seccomp_state = seccomp_state(state_, *config_.seccomp);
  }
  prepared_.hook_states["created"] = hook_state(state_, state::Status::Created);
  TRY(ChannelPair channel, make_channel());
  channel_ = std::move(channel.boxrun);
  child_channel_ = std::move(channel.child);
  for (const plan::Step& step : plan_.steps) {
    if (step.actor != plan::Actor::Boxrun) {
      continue;
    }
    log_.debug(fmt::format("{}{}", plan::render_action(step.action),
                           step.setting.empty() ? "" : " [" + step.setting + "]"));
    auto done = std::visit(
        [this](const auto& action) -> Result<void> {
          if constexpr (requires { this->perform(action); }) {
            return this->perform(action);
          } else {
            BT_CHECK(false, "a step of the child was given to boxrun");
          }
        },
        step.action);
    if (!done.ok()) {
      // What the child says is framed already, with its own step; limits and hooks name the one of
      // many that it was.
      const bool is_framed = std::holds_alternative<plan::Await>(step.action) ||
                             std::holds_alternative<plan::Tell>(step.action) ||
                             std::holds_alternative<plan::MakeCgroup>(step.action) ||
                             std::holds_alternative<plan::ReserveScope>(step.action) ||
                             std::holds_alternative<plan::StartScope>(step.action) ||
                             std::holds_alternative<plan::RunHooks>(step.action);
      Error error = std::move(done).error();
      if (!is_framed) {
        error.what = framed(step, -1, error.what);
      }
      return error;
    }
  }
  return at_.wait_for_start ? Result<void>{} : await_execve();
}

Result<void> Parent::perform(const plan::MakeResctrlGroup& step) {
  return make_resctrl(step, state_, entry_);
}

Result<void> Parent::perform(const plan::SetSchema& step) {
  return make_resctrl(step, state_, entry_);
}

Result<void> Parent::perform(const plan::MakeMonitorGroup& step) {
  return make_resctrl(step, state_, entry_);
}

Result<void> Parent::perform(const plan::JoinResctrlGroups&) {
  auto joined = resctrl::join(state_.resctrl, init_);
  if (!joined.ok() && at_.joins && joined.error().err == ENOENT) {
    log_.warn("/linux/intelRdt: the program is in the default group: " + joined.error().what);
    return {};  // as is the container, whose group somebody has removed
  }
  return joined;
}

/// Their files go to init with one message.
Result<void> Parent::check_number() const {
  if (chosen_.places.size() > kMostDescriptors) {
    return Error{E2BIG, fmt::format("{} cgroup hierarchies", chosen_.places.size()), {}};
  }
  return {};
}

Result<void> Parent::perform(const plan::PlaceCgroup& step) {
  TRY(chosen_, cgroup::choose_places(step.path));
  TRY_OK(check_number());
  return chosen_.version2() == nullptr ? Result<void>{} : make_directories(chosen_.part(true));
}

Result<void> Parent::make_directories(cgroup::Cgroup some) {
  TRY_OK(cgroup::check_unused(some));
  // Written down before they are made, for the `delete --force` after a crash.
  auto& places = state_.cgroup.places;
  const std::size_t before = places.size();
  places.insert(places.end(), some.places.begin(), some.places.end());
  state_.cgroup.parents = some.parents;
  TRY_OK(entry_.write_state(state_));
  auto made = cgroup::make_directories(config_, at_.rootless, some);
  if (made.ok()) {
    places.erase(places.begin() + static_cast<std::ptrdiff_t>(before), places.end());
    places.insert(places.end(), some.places.begin(), some.places.end());
  }
  return made;
}

Result<void> Parent::perform(const plan::MakeCgroup&) {
  cgroup::Cgroup rest = chosen_.part(false);
  if (!rest.places.empty() || chosen_.places.empty()) {
    TRY_OK(make_directories(std::move(rest)));
  }
  if (state_.cgroup.places.empty() && !chosen_.places.empty()) {
    TRY_OK(cgroup::check_limitless(config_));
    log_.warn("no right to make a cgroup: the container stays in boxrun's own");
    return {};
  }
  std::vector<std::string> warnings;
  auto limited = cgroup::limit_cgroup(config_, at_.rootless, state_.cgroup, warnings);
  warn(warnings);
  return limited;
}

Result<void> Parent::perform(const plan::ReserveScope& step) {
  TRY(scope_, systemd::plan_scope(step.scope, config_, at_.rootless));
  chosen_ = scope_.cgroup;
  return check_number();
}

Result<void> Parent::perform(const plan::StartScope& step) {
  state_.cgroup = chosen_;
  TRY_OK(entry_.write_state(state_));
  std::vector<std::string> warnings;
  const auto started =
      systemd::start_scope(step.scope, config_, at_.rootless, init_, scope_, warnings);
  state_.cgroup = scope_.cgroup;
  warn(warnings);
  return started.ok() ? entry_.write_state(state_) : started;
}

/// What the child will need to know of the cgroup. In version 1 a file takes single threads, in
/// version 2 only processes; there clone3(2) has usually done it already.
void Parent::describe_cgroup() {
  const auto& places = chosen_.places;
  for (const cgroup::Place& place : places) {
    CgroupPlace described{place.version2,
                          place.directory,
                          place.directory + (place.version2 ? "/cgroup.procs" : "/tasks"),
                          cgroup_place_name(place, places.size()),
                          {}};
    if (place.controllers.size() > 1) {
      std::ranges::remove_copy(place.controllers, std::back_inserter(described.links),
                               described.name);
    }
    prepared_.cgroup_places.push_back(std::move(described));
  }
}

Result<void> Parent::hand_over_cgroup() {
  Message message;
  message.kind = MessageKind::CgroupMade;
  std::vector<os::UniqueFd> files;
  std::vector<int> numbers;
  for (std::size_t i = 0; i < chosen_.places.size(); ++i) {
    const bool is_made = std::ranges::count(state_.cgroup.places, chosen_.places[i].directory,
                                            &cgroup::Place::directory) != 0;
    if (!is_made) {
      continue;
    }
    auto opened = os::open_file(prepared_.cgroup_places[i].file, O_WRONLY);
    if (opened.ok()) {
      numbers.push_back(opened.value().get());
      files.push_back(std::move(opened).value());
      message.places |= 1U << i;
    } else if (at_.rootless) {
      log_.warn("/linux/cgroupsPath: init stays in boxrun's cgroup: " + opened.error().what);
    } else {
      return std::move(opened).error().within("/linux/cgroupsPath");
    }
  }
  return send_message(channel_, message, numbers) ? Result<void>{} : child_vanished();
}

Result<void> Parent::perform(const plan::Spawn& step) {
  prepared_.may_stay_outside = at_.rootless;
  describe_cgroup();
  const cgroup::Place* place = state_.cgroup.version2();
  os::UniqueFd directory;
  if (place != nullptr) {
    TRY(directory, os::open_file(place->directory, O_PATH | O_DIRECTORY));
  }
  prepared_.in_version2 = directory.is_open();
  pid_t pid = clone_process(step.flags, directory.get());
  if (pid < 0 && directory &&
      (errno == EINVAL || errno == EACCES || errno == EOPNOTSUPP || errno == EBUSY)) {
    // CLONE_INTO_CGROUP needs Linux 5.7, rights on the common ancestor, and a cgroup that may hold
    // processes. JoinCgroup asks again, and tells of a refusal as what it is.
    prepared_.in_version2 = false;
    pid = clone_process(step.flags, -1);
  }
  if (pid == 0) {
    channel_.reset();  // or it would never see boxrun gone
    run_child(plan_, prepared_, step.becomes, child_channel_);
  }
  if (pid < 0) {
    const int err = errno;
    return Error{err, fmt::format("clone3(0x{:x})", step.flags),
                 err == EPERM ? "new namespaces need CAP_SYS_ADMIN; an ordinary user needs a user "
                                "namespace: `boxrun spec --rootless` writes such a config"
                 : err == ENOSPC
                     ? "a limit is reached: see /proc/sys/user/max_*_namespaces, nesting depth 32"
                     : ""};
  }
  child_channel_.reset();  // or we would never see it closed
  (step.becomes == plan::Actor::Init ? init_ : stage_) = pid;
  return {};
}

Result<void> Parent::perform(const plan::WriteIdMaps& step) {
  return write_id_maps(plan_.staged ? stage_ : init_, step.uid, step.gid);
}

Result<void> Parent::perform(const plan::SetOomScore& step) {
  auto written = os::write_control_file(fmt::format("/proc/{}/oom_score_adj", init_),
                                        std::to_string(step.value));
  if (!written.ok() && (written.error().err == EACCES || written.error().err == EPERM)) {
    if (at_.rootless) {
      log_.warn("/process/oomScoreAdj: not set: an ordinary user may only raise it");
      return {};
    }
    Error error = std::move(written).error();
    error.hint = "a value below the present one needs CAP_SYS_RESOURCE";
    return error;
  }
  return written;
}

Result<void> Parent::perform(const plan::RaiseHardLimit& step) {
  const auto resource = static_cast<__rlimit_resource>(step.limit.resource);
  const pid_t child = plan_.staged ? stage_ : init_;
  rlimit64 present{};
  if (::prlimit64(child, resource, nullptr, &present) != 0) {
    return os::errno_error(fmt::format("prlimit({})", step.limit.name));
  }
  if (step.limit.hard <= present.rlim_max) {
    return {};
  }
  const rlimit64 raised{present.rlim_cur, step.limit.hard};
  if (::prlimit64(child, resource, &raised, nullptr) != 0) {
    return os::errno_error(
        fmt::format("prlimit({}, hard {})", step.limit.name, step.limit.hard),
        fmt::format("raising the hard limit above {} takes CAP_SYS_RESOURCE", present.rlim_max));
  }
  return {};
}

Result<void> Parent::perform(const plan::SetScheduler& step) {
  return set_scheduler(init_, step.scheduler);
}

Result<void> Parent::perform(const plan::SetIoPriority& step) {
  return set_io_priority(init_, step.priority);
}

Result<void> Parent::perform(const plan::MoveNetDevice& step) {
  return move_network_device(step.device, init_);
}

Result<void> Parent::perform(const plan::MapSource& step) {
  const os::UniqueFd tree = std::move(source_.front());
  return map_tree(tree, step.mount, config_);
}

Result<void> Parent::perform(const plan::RunHooks& step) {
  const HookState& state = prepared_.hook_states[step.status];
  for (std::size_t i = 0; i < step.hooks.size(); ++i) {
    const auto outcome =
        run_hook(step.hooks[i], {state.before_pid, init_, state.after_pid, prepared_.hook_output});
    if (outcome.failed()) {
      return Error{outcome.err(), fmt::format("/hooks/{}/{}: {}", step.kind, i, outcome.call()),
                   outcome.hint_text()};
    }
  }
  return {};
}

Result<void> Parent::perform(const plan::RecordCreated&) { return entry_.publish_state(); }

/// What has to be written and needs nothing more from init, which is at work meanwhile: the copy of
/// the config, and the state that will be true once it is ready.
Result<void> Parent::write_ahead() {
  if (at_.joins) {
    return {};
  }
  TRY_OK(entry_.write_config(config_text_));
  state_.pid = init_;
  state_.start_ticks = state::read_start_ticks(init_).value_or(0);
  state_.complete = true;
  return entry_.draft_state(state_);
}

Result<void> Parent::perform(const plan::Tell& step) {
  if (step.message == MessageKind::CgroupMade) {
    TRY_OK(hand_over_cgroup());
    return write_ahead().within("record the state: created");
  }
  Message message;
  message.kind = step.message;
  message.number = step.message == MessageKind::IdMapsWritten ? 0 : init_;
  if (!send_message(channel_, message)) {
    return child_vanished();
  }
  return {};
}

Result<void> Parent::perform(const plan::Await& step) {
  Message message;
  for (;;) {
    if (receive_message(channel_, message, source_) != Receipt::Got) {
      return child_vanished();
    }
    if (message.kind == MessageKind::Warning) {
      log_.warn(message.call.data());
      continue;
    }
    if (message.kind != step.message) {
      return child_refused(message);
    }
    if (message.kind == MessageKind::InitBorn) {
      init_ = message.number;
      // [1:NS] has done its work.
      while (::waitpid(stage_, nullptr, 0) < 0 && errno == EINTR) {
      }
      stage_ = 0;
    }
    return {};
  }
}

Result<void> Parent::await_execve() {
  Message message;
  for (;;) {
    const Receipt receipt = receive_message(channel_, message);
    if (receipt == Receipt::Closed) {
      return {};  // execve(2), or death, which the exit status will tell
    }
    if (receipt == Receipt::Broken || message.kind != MessageKind::Warning) {
      return child_refused(message);
    }
    log_.warn(message.call.data());
  }
}

void Parent::warn(const std::vector<std::string>& sentences) {
  for (const std::string& sentence : sentences) {
    log_.warn(sentence);
  }
}

Error Parent::child_refused(const Message& message) {
  const auto index = static_cast<std::size_t>(message.step);
  if (message.kind != MessageKind::Failed || message.step < 0 || index >= plan_.steps.size()) {
    return Error{EPROTO, "init broke the protocol", {}};
  }
  const plan::Step& step = plan_.steps[index];
  if (is_about_program(step)) {
    failure_status_ = message.err == ENOENT ? 127 : 126;
    // Engines look for this wording: no errno behind it.
    return Error{0, fmt::format("{}: {}", step.setting, message.call.data()), message.hint.data()};
  }
  return Error{message.err, framed(step, message.entry, message.call.data()), message.hint.data()};
}

/// The child has died without a word. Its last step is in shared memory.
Error Parent::child_vanished() {
  // It may have sent its reason before it died.
  Message message;
  while (receive_message(channel_, message) == Receipt::Got) {
    if (message.kind == MessageKind::Failed) {
      return child_refused(message);
    }
    if (message.kind == MessageKind::Warning) {
      log_.warn(message.call.data());
    }
  }
  pid_t& child = init_ > 0 ? init_ : stage_;
  int status = 0;
  std::string death = "died";
  std::string hint;
  if (child > 0 && ::waitpid(child, &status, 0) == child) {
    if (WIFSIGNALED(status)) {
      death = fmt::format("was killed by SIG{}", sigabbrev_np(WTERMSIG(status)));
      if (WTERMSIG(status) == SIGKILL) {
        hint = "the memory limit of the container may be too small for its creation";
      }
    } else {
      death = fmt::format("ended with status {}", WEXITSTATUS(status));
    }
    child = 0;
  }
  const int last = prepared_.progress->load();
  if (last >= 0 && static_cast<std::size_t>(last) < plan_.steps.size()) {
    const plan::Step& step = plan_.steps[static_cast<std::size_t>(last)];
    return Error{
        0,
        framed(step, -1,
               fmt::format("boxrun:{} {} in this step", plan::render_actor(step.actor), death)),
        hint};
  }
  return Error{0, "init " + death, hint};
}

void Parent::clean_up() {
  reap(init_);
  reap(stage_);
  init_ = 0;
  stage_ = 0;
  if (at_.joins) {
    return;
  }
  if (!state_.own_pid_namespace) {
    // Hooks, or what init started before it failed.
    const auto killed = cgroup::signal_all(state_.cgroup, SIGKILL);
    if (!killed.ok()) {
      log_.warn(base::render_error(killed.error()));
    }
  }
  std::vector<std::string> warnings;
  const auto removed = systemd::remove_cgroup(state_.cgroup, warnings);
  warn(warnings);
  if (!removed.ok()) {
    log_.warn(base::render_error(removed.error()));
  }
  const auto ungrouped = resctrl::remove_groups(state_.resctrl);
  if (!ungrouped.ok()) {
    log_.warn(base::render_error(ungrouped.error()));
  }
}

}  // namespace boxrun::exec
