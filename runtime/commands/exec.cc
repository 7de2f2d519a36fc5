// `boxrun exec`: another program in a running container.
//
// The container is there already, so the plan is the same as for a new one without everything that
// makes it: all its namespaces are joined, and what is left is the way from there to execve(2).
// What makes this dangerous is that the container is alive. Its processes may look for descriptors
// of the host in the newcomer, or trace it (so it cannot be dumped before it joins anything, and
// has none open), and init may die at any moment and its pid be taken over by a stranger (so
// everything of it is opened through one directory of /proc, which belongs to init for ever, and
// init's start time is compared afterwards).
//
// Sources: setns(2); proc(5); runtime-spec runtime.md, "Lifecycle" (exec is an extension that all
// engines rely on).

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <iterator>
#include <map>
#include <memory>

#include "runtime/cgroup/cgroup.h"
#include "runtime/commands/exec_cgroup.h"
#include "runtime/commands/exec_document.h"
#include "runtime/commands/foreground.h"
#include "runtime/commands/launch.h"
#include "runtime/commands/options.h"
#include "runtime/config/names.h"
#include "runtime/config/parse.h"
#include "runtime/exec/parent.h"
#include "runtime/exec/security_modules.h"
#include "runtime/plan/build.h"
#include "runtime/plan/render.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

/// As runc: no status of a program in the container is meant by it often.
constexpr int kNotExecuted = 255;

struct Options {
  std::string id;
  ExecRequest request;
  std::string process_file;
  LaunchOptions launch;
  std::vector<std::string> cgroups;
  bool detach = false;
  bool ignore_paused = false;
  bool dry_run = false;
};

/// The namespaces of a container, opened.
struct Joined {
  std::vector<config::Namespace> names;
  std::map<config::NamespaceKind, os::UniqueFd> files;
};

Error not_joinable(const std::string& id, std::string_view status, const char* hint) {
  return Error{0, fmt::format("cannot exec in a {} container: \"{}\"", status, id), hint};
}

/// Those that differ from our own: setns(2) into the same user namespace is refused.
Result<Joined> open_namespaces(const state::State& state) {
  using config::NamespaceKind;
  TRY(const os::UniqueFd directory,
      os::open_file(fmt::format("/proc/{}", state.pid), O_PATH | O_DIRECTORY));
  Joined joined;
  for (const auto kind :
       {NamespaceKind::User, NamespaceKind::Mount, NamespaceKind::Pid, NamespaceKind::Network,
        NamespaceKind::Ipc, NamespaceKind::Uts, NamespaceKind::Cgroup, NamespaceKind::Time}) {
    const std::string file = fmt::format("ns/{}", config::name_of(kind).proc_link);
    const auto own = os::read_link("/proc/self/" + file);
    if (!own.ok()) {
      continue;  // the kernel has none of this kind
    }
    TRY(const std::string its, os::read_link_at(directory, file));
    if (its != own.value()) {
      TRY(os::UniqueFd opened, os::open_file_at(directory, file));
      joined.files.emplace(kind, std::move(opened));
      joined.names.push_back({kind, fmt::format("/proc/{}/{}", state.pid, file)});
    }
  }
  if (state::read_start_ticks(state.pid) != state.start_ticks) {
    return not_joinable(state.id, "stopped", "");
  }
  return joined;
}

Result<state::State> read_joinable(const Session& session, const state::Entry& entry,
                                   const Options& options) {
  TRY(state::State state, session.store.read(options.id));
  const auto status = state::read_status(state, entry.fifo_path());
  if (status == state::Status::Stopped || status == state::Status::Creating) {
    return not_joinable(options.id, state::render_status(status), "");
  }
  if (status == state::Status::Paused && !options.ignore_paused) {
    return not_joinable(options.id, "paused", "resume it; --ignore-paused lets the program wait");
  }
  return state;
}

class Execution {
 public:
  Execution(const Options& options, const Session& session)
      : options_(options), session_(session) {}

  Result<int> run();

 private:
  Result<void> read_process();
  Result<int> execute(state::Entry entry, Joined joined, Launch launch);

  const Options& options_;
  const Session& session_;
  ExecRequest request_;
  state::State state_;
  config::Config config_;
  plan::Circumstances at_;
  plan::Plan plan_;
};

Result<void> Execution::read_process() {
  request_ = options_.request;
  if (!options_.process_file.empty()) {
    TRY(request_.process_text, os::read_file(options_.process_file));
  } else if (request_.args.empty()) {
    return Error{0, "no program to run",
                 "boxrun exec ID PROGRAM [ARG...], or --process FILE with an OCI process"};
  }
  return {};
}

Result<int> Execution::run() {
  TRY_OK(config::parse_container_id(options_.id));
  TRY_OK(read_process());
  TRY_OK(check_preserved(options_.launch.preserve_fds));
  TRY(state::Entry entry, session_.store.lock(options_.id));
  TRY(state_, read_joinable(session_, entry, options_));
  TRY_OK(enter_cgroups(options_.cgroups, state_));
  TRY(Joined joined, open_namespaces(state_));
  TRY(const std::string container, os::read_file(entry.config_path()));
  TRY(const std::string document, make_exec_document(container, request_, joined.names));
  TRY(config_, config::parse_config(document));
  at_.id = options_.id;
  at_.bundle = state_.bundle;
  at_.rootless = session_.rootless;
  at_.preserve_fds = options_.launch.preserve_fds;
  at_.joins = true;
  at_.cgroup2_alone = cgroup::is_version2_alone();
  exec::read_security_modules(config_, session_.log, at_);
  plan_ = plan::make_plan(config_, at_);
  if (options_.dry_run) {
    TRY_OK(os::write_all(os::BorrowedFd{STDOUT_FILENO}, plan::render_plan(plan_)));
    return 0;
  }
  TRY(Launch launch, Launch::open(options_.launch, config_.process.terminal, options_.detach));
  if (options_.ignore_paused) {
    // The program may have to wait for `resume`, which needs the lock.
    entry.unlock();
  }
  return execute(std::move(entry), std::move(joined), std::move(launch));
}

Result<int> Execution::execute(state::Entry entry, Joined joined, Launch launch) {
  const SignalBlock blocked{!options_.detach};
  exec::Parent parent{plan_, config_, at_, entry, session_.log};
  parent.adopt(state_, std::move(joined.files));
  parent.give_console(launch.take_console());
  TRY_OK(parent.run());
  entry.unlock();
  auto announced = launch.announce(parent.init_pid());
  if (!announced.ok()) {
    ::kill(parent.init_pid(), SIGKILL);
    return std::move(announced).error();
  }
  return options_.detach ? Result<int>{0} : launch.stay(parent.init_pid());
}

void add_options(CLI::App& verb, Options& options) {
  ExecRequest& request = options.request;
  verb.add_option("id", options.id, "the container")->required();
  verb.add_option("args", request.args, "program and arguments");
  verb.add_option("-p,--process", options.process_file, "take all from this OCI process (JSON)");
  verb.add_option("--cwd", request.cwd, "working directory in the container");
  verb.add_option("-e,--env", request.env, "set a variable, NAME=value")->allow_extra_args(false);
  verb.add_flag("-t,--tty", request.terminal, "give the program a terminal");
  verb.add_option("-u,--user", request.user, "run as UID or UID:GID");
  verb.add_option("-g,--additional-gids", request.groups, "add a group")->allow_extra_args(false);
  verb.add_option("-c,--cap", request.capabilities, "add a capability")->allow_extra_args(false);
  verb.add_option("--apparmor", request.apparmor, "AppArmor profile");
  verb.add_option("--process-label", request.selinux_label, "SELinux label");
  verb.add_flag("--no-new-privs", request.no_new_privileges, "set no_new_privs");
  verb.add_flag("-d,--detach", options.detach, "return when the program runs");
  verb.add_option("--cgroup", options.cgroups, "[CONTROLLER,...:]PATH below the container's cgroup")
      ->allow_extra_args(false);
  verb.add_flag("--ignore-paused", options.ignore_paused, "start it in a paused container");
  verb.add_flag("--dry-run", options.dry_run, "print the plan and do nothing");
  add_launch_options(verb, options.launch);
}

}  // namespace

void add_exec(CLI::App& app, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("exec", "run another program in a running container");
  const auto options = std::make_shared<Options>();
  add_options(*verb, *options);
  verb->callback([options, &chosen] {
    chosen = [options](const Session& session) {
      const auto status = Execution{*options, session}.run();
      return status.ok() ? status.value() : fail(session, status.error(), kNotExecuted);
    };
  });
}

}  // namespace boxrun::commands
