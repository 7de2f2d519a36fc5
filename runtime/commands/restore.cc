// `boxrun restore`: a container from the files that `boxrun checkpoint` has written. Nothing of the
// plan is carried out but the cgroup and the groups of resctrl, in which criu(8) is put: the
// processes that it makes are born there. Hooks of the runtime namespace run when the namespaces
// are there, as at `create`; those that run inside do not, since what they did is part of the
// checkpoint.

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "runtime/commands/bundle_config.h"
#include "runtime/commands/criu_options.h"
#include "runtime/commands/foreground.h"
#include "runtime/commands/launch.h"
#include "runtime/commands/removal.h"
#include "runtime/config/names.h"
#include "runtime/config/parse.h"
#include "runtime/criu/mounts.h"
#include "runtime/criu/service.h"
#include "runtime/exec/fd_passing.h"
#include "runtime/exec/net_devices.h"
#include "runtime/exec/parent.h"
#include "runtime/exec/resctrl_steps.h"
#include "runtime/steps/network.h"
#include "runtime/systemd/scope.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

struct Options {
  std::string id;
  std::string bundle = ".";
  CriuOptions criu;
  LaunchOptions launch;
  std::string lsm_profile;
  std::string lsm_mount_context;
  bool detach = false;
  bool no_subreaper = false;
  bool no_pivot = false;
};

/// criu makes the namespace without any of its content. In a child, because boxrun stays outside.
void raise_loopback_of(pid_t init) {
  const auto space = os::open_file(fmt::format("/proc/{}/ns/net", init));
  const pid_t child = space.ok() ? ::fork() : -1;
  if (child == 0) {
    const bool done =
        ::setns(space.value().get(), CLONE_NEWNET) == 0 && !steps::raise_loopback().failed();
    ::_exit(done ? 0 : 1);
  }
  if (child > 0) {
    ::waitpid(child, nullptr, 0);
  }
}

class Restoration {
 public:
  Restoration(const Options& options, const Session& session)
      : options_(options), session_(session) {}

  Result<int> run();

 private:
  Result<void> prepare();
  Result<void> make_resctrl_groups(const state::Entry& entry);
  Result<void> make_cgroup();
  Result<void> enter_cgroup(pid_t criu);
  Result<void> add_streams();
  Result<void> add_namespaces();
  Result<void> add_cgroup_roots(pid_t criu);
  Result<void> restore(const state::Entry& entry, const exec::ConsoleRoute& console);
  Result<void> notified(const state::Entry& entry, const exec::ConsoleRoute& console,
                        const criu::Answer& notification, const os::UniqueFd& brought);
  void warn(const std::vector<std::string>& sentences);

  const Options& options_;
  const Session& session_;
  Bundle bundle_;
  plan::Circumstances at_;
  plan::Plan plan_;
  CriuFolders folders_;
  criu::Options request_;
  criu::Setup setup_;
  std::vector<os::UniqueFd> namespaces_;
  systemd::ScopePlan scope_;
  state::State state_;
};

void Restoration::warn(const std::vector<std::string>& sentences) {
  for (const std::string& sentence : sentences) {
    session_.log.warn(sentence);
  }
}

Result<void> Restoration::prepare() {
  TRY_OK(config::parse_container_id(options_.id));
  if (options_.no_pivot) {
    return Error{0, "--no-pivot: criu moves into the root by itself, with pivot_root(2)",
                 "copy the root filesystem from the ramdisk to a filesystem that can be left"};
  }
  TRY(bundle_, read_bundle(options_.bundle, {}));
  const config::Config& config = bundle_.config;
  at_.id = options_.id;
  at_.bundle = bundle_.path;
  TRY_OK(complete(at_, config, session_));
  plan_ = plan::make_plan(config, at_);
  TRY_OK(check_bundle(bundle_, session_));
  TRY(folders_, CriuFolders::open(options_.criu, "restore.log", /*make=*/false,
                                  config.has_new(config::NamespaceKind::User)));
  TRY_OK(check_criu(session_, options_.criu));
  request_ = common_request(options_.criu, config);
  request_.is_restore = true;
  request_.lsm_profile = options_.lsm_profile;
  request_.lsm_mount_context = options_.lsm_mount_context;
  state_ = exec::make_state(config, at_);
  request_.root = state_.rootfs;
  setup_.program = session_.criu;
  setup_.root = state_.rootfs;
  TRY_OK(add_streams());
  return add_namespaces();
}

/// Those that were pipes or files of the host become what the caller has brought.
Result<void> Restoration::add_streams() {
  setup_.handed_over.push_back(STDERR_FILENO);
  TRY(const std::string text, os::read_file_at(folders_.images, kStreamsFile));
  const auto document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_array()) {
    return Error{0, fmt::format("{} is damaged", kStreamsFile), {}};
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(document.size(), 3); ++i) {
    const std::string stream =
        document[i].is_string() ? document[i].get<std::string>() : std::string{};
    const bool is_known =
        std::ranges::count(request_.inherited, stream, &criu::InheritedFd::key) != 0;
    if (!is_known && (stream.starts_with("pipe:[") || stream.starts_with("file["))) {
      request_.inherited.push_back(
          {stream, i == STDERR_FILENO ? criu::kFirstHandedOver : static_cast<int>(i)});
    }
  }
  return {};
}

Result<void> Restoration::add_namespaces() {
  const config::Config& config = bundle_.config;
  for (const config::Namespace& space : config.namespaces) {
    if (space.path.empty()) {
      continue;
    }
    const std::string setting = config.namespace_setting(space.kind);
    if (space.kind == config::NamespaceKind::Cgroup) {
      return Error{0, setting + ": criu cannot join a cgroup namespace", {}};
    }
    if (std::ranges::count(kExternalKinds, space.kind) == 0) {
      request_.joined.push_back({std::string{config::name_of(space.kind).proc_link}, space.path});
      continue;
    }
    auto opened = os::open_file(space.path);
    if (!opened.ok()) {
      return std::move(opened).error().within(setting);
    }
    request_.inherited.push_back(
        {external_namespace_key(space.kind),
         criu::kFirstHandedOver + static_cast<int>(setup_.handed_over.size())});
    setup_.handed_over.push_back(opened.value().get());
    namespaces_.push_back(std::move(opened).value());
  }
  return {};
}

Result<void> Restoration::make_resctrl_groups(const state::Entry& entry) {
  for (const plan::Step& step : plan_.steps) {
    auto made = std::visit(
        [&](const auto& action) -> Result<void> {
          if constexpr (requires { exec::make_resctrl(action, state_, entry); }) {
            return exec::make_resctrl(action, state_, entry);
          }
          return {};
        },
        step.action);
    if (!made.ok()) {
      return std::move(made).error().within(step.setting);
    }
  }
  return {};
}

Result<void> Restoration::make_cgroup() {
  const config::Config& config = bundle_.config;
  for (const plan::Step& step : plan_.steps) {
    if (const auto* place = std::get_if<plan::PlaceCgroup>(&step.action)) {
      TRY(state_.cgroup, cgroup::choose_places(place->path));
      TRY_OK(cgroup::check_unused(state_.cgroup));
    } else if (const auto* reserve = std::get_if<plan::ReserveScope>(&step.action)) {
      TRY(scope_, systemd::plan_scope(reserve->scope, config, /*rootless=*/false));
      state_.cgroup = scope_.cgroup;
    }
  }
  return {};
}

/// With the state written down before there is anything to lose.
Result<void> Restoration::enter_cgroup(pid_t criu) {
  const config::Config& config = bundle_.config;
  std::vector<std::string> warnings;
  if (at_.scope) {
    TRY_OK(systemd::start_scope(*at_.scope, config, /*rootless=*/false, criu, scope_, warnings));
    state_.cgroup = scope_.cgroup;
  } else {
    TRY_OK(cgroup::make_directories(config, /*rootless=*/false, state_.cgroup));
    TRY_OK(cgroup::limit_cgroup(config, /*rootless=*/false, state_.cgroup, warnings));
  }
  warn(warnings);
  if (config.intel_rdt) {
    TRY_OK(resctrl::join(state_.resctrl, criu).within("/linux/intelRdt"));
  }
  for (const cgroup::Place& place : state_.cgroup.places) {
    TRY_OK(os::write_control_file(place.directory + "/cgroup.procs", std::to_string(criu)));
  }
  return add_cgroup_roots(criu);
}

/// Where the tasks go instead of the cgroup that they were in.
Result<void> Restoration::add_cgroup_roots(pid_t criu) {
  TRY(const std::string text, os::read_file(fmt::format("/proc/{}/cgroup", criu)));
  for (const std::string_view line : base::split(text, '\n')) {
    // `4:cpu,cpuacct:/path`
    const auto first = line.find(':');
    const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) {
      continue;
    }
    const std::string path{line.substr(second + 1)};
    for (const std::string_view controller :
         base::split(line.substr(first + 1, second - first - 1), ',')) {
      request_.cgroup_roots.push_back({std::string{controller}, path});
    }
  }
  return {};
}

Result<void> Restoration::notified(const state::Entry& entry, const exec::ConsoleRoute& console,
                                   const criu::Answer& notification, const os::UniqueFd& brought) {
  session_.log.debug("criu: " + notification.script);
  const config::Hooks& hooks = bundle_.config.hooks;
  if (notification.script == "setup-namespaces") {
    state_.pid = notification.pid;
    if (bundle_.config.has_new(config::NamespaceKind::Network)) {
      raise_loopback_of(state_.pid);
    }
    for (const config::NetDevice& device : bundle_.config.net_devices) {
      TRY_OK(exec::move_network_device(device, state_.pid)
                 .within("/linux/netDevices/" + base::printable(device.host_name)));
    }
    TRY_OK(run_early_hooks(hooks.prestart, "prestart", state_, state::Status::Created));
    return run_early_hooks(hooks.create_runtime, "createRuntime", state_, state::Status::Creating);
  }
  if (notification.script == "post-restore") {
    // Complete before it runs on: what it does from now on is the container's.
    state_.pid = notification.pid;
    state_.start_ticks = state::read_start_ticks(state_.pid).value_or(0);
    state_.complete = true;
    return entry.write_state(state_);
  }
  if (notification.script == "orphan-pts-master" && brought && console.socket) {
    if (console.size) {
      ::ioctl(brought.get(), TIOCSWINSZ, &*console.size);
    }
    if (!exec::send_descriptor(console.socket, brought, "/dev/ptmx")) {
      return os::errno_error("sendmsg(SCM_RIGHTS) of the terminal");
    }
  }
  return {};
}

Result<void> Restoration::restore(const state::Entry& entry, const exec::ConsoleRoute& console) {
  TRY_OK(criu::make_mount_points(plan_, state_.rootfs));
  TRY_OK(make_cgroup());
  TRY_OK(entry.write_config(bundle_.config_text));
  TRY_OK(entry.write_state(state_));
  TRY_OK(make_resctrl_groups(entry));
  TRY(criu::Service service, criu::Service::start(setup_));
  TRY_OK(folders_.open_as_seen_by(service.pid()));
  add_folders(folders_, request_);
  TRY_OK(enter_cgroup(service.pid()));
  if (plan_.owns_mounts) {
    TRY(const auto external, criu::external_mounts(plan_, state_.cgroup));
    for (const criu::ExternalMount& mount : external) {
      request_.external_mounts.push_back({mount.destination, mount.source});
    }
  }
  TRY_OK(service.ask(
      criu::render_request(criu::RequestType::Restore, request_),
      [&](const criu::Answer& notification, const os::UniqueFd& brought) {
        return notified(entry, console, notification, brought);
      },
      folders_.log));
  return {};
}

Result<int> Restoration::run() {
  TRY_OK(prepare());
  TRY(Launch launch,
      Launch::open(options_.launch, bundle_.config.process.terminal, options_.detach));
  TRY(state::Entry entry, session_.store.create(options_.id));
  if (!options_.detach && !options_.no_subreaper) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  }
  const SignalBlock blocked{!options_.detach};
  auto done = restore(entry, launch.take_console());
  if (done.ok()) {
    done = launch.announce(state_.pid);
  }
  if (!done.ok()) {
    if (state_.pid > 0) {
      ::kill(state_.pid, SIGKILL);
    }
    const auto removed = destroy(session_, entry, state_, bundle_.config);
    if (!removed.ok()) {
      session_.log.error(removed.error());
    }
    return std::move(done).error();
  }
  entry.unlock();
  return options_.detach ? 0 : stay_to_the_end(session_, launch, state_, bundle_.config, false);
}

}  // namespace

void add_restore(CLI::App& app, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("restore", "run a container from files of checkpoint (criu)");
  const auto options = std::make_shared<Options>();
  verb->add_option("id", options->id, "name of the container")->required();
  verb->add_option("-b,--bundle", options->bundle, "directory with config.json (default: .)");
  add_criu_options(*verb, options->criu);
  verb->add_option("--console-socket", options->launch.console_socket,
                   "send the master of the terminal over this socket");
  verb->add_option("--pid-file", options->launch.pid_file, "write the pid of the program there");
  verb->add_flag("-d,--detach", options->detach, "return when the container runs");
  verb->add_flag("--no-subreaper", options->no_subreaper, "do not adopt orphans of the container");
  verb->add_flag("--no-pivot", options->no_pivot, "refused: criu moves the root by itself");
  verb->add_option("--lsm-profile", options->lsm_profile,
                   "label of the container instead of the saved one: TYPE:NAME");
  verb->add_option("--lsm-mount-context", options->lsm_mount_context,
                   "SELinux context of mounts instead of the saved one");
  verb->callback([options, &chosen] {
    chosen = [options](const Session& session) {
      auto status = Restoration{*options, session}.run();
      return status.ok() ? status.value() : fail(session, status.error());
    };
  });
}

}  // namespace boxrun::commands
