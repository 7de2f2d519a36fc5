// `boxrun create` and `boxrun run`: run is create and start in one, and stays until the container
// ends unless told to detach.

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "runtime/commands/bundle_config.h"
#include "runtime/commands/foreground.h"
#include "runtime/commands/launch.h"
#include "runtime/commands/options.h"
#include "runtime/commands/removal.h"
#include "runtime/config/parse.h"
#include "runtime/exec/parent.h"
#include "runtime/plan/build.h"
#include "runtime/plan/render.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

struct Options {
  std::string id;
  std::string bundle = ".";
  std::string config;  ///< instead of the bundle's config.json
  LaunchOptions launch;
  bool no_pivot = false;
  bool no_new_keyring = false;
  bool no_subreaper = false;
  bool detach = false;
  bool keep = false;
  bool dry_run = false;
};

void add_options(CLI::App& verb, Options& options, bool is_run) {
  verb.add_option("id", options.id, "name of the new container")->required();
  verb.add_option("-b,--bundle", options.bundle, "directory with config.json (default: .)");
  verb.add_option("-f,--config", options.config, "configuration (default: config.json there)");
  add_launch_options(verb, options.launch);
  verb.add_flag("--no-pivot", options.no_pivot, "move the root instead of pivot_root (ramdisks)");
  verb.add_flag("--no-new-keyring", options.no_new_keyring, "keep the caller's session keyring");
  verb.add_flag("--dry-run", options.dry_run, "print the plan and do nothing");
  if (is_run) {
    verb.add_flag("-d,--detach", options.detach, "return when the program runs");
    verb.add_flag("--keep", options.keep, "do not delete the container when it ends");
  }
  // `create` does not stay, so that it has nothing to adopt; engines pass the option all the same.
  verb.add_flag("--no-subreaper", options.no_subreaper, "do not adopt orphans of the container");
}

/// systemd and podman hand over listening sockets from descriptor 3 on. The variables were meant
/// for boxrun; the program gets its own. @returns how many Source: sd_listen_fds(3).
std::uint32_t pass_sockets_on(config::Process& process) {
  const char* count = std::getenv("LISTEN_FDS");
  const char* pid = std::getenv("LISTEN_PID");
  const auto sockets = count != nullptr ? base::parse_u64(count) : std::nullopt;
  const bool is_ours =
      pid != nullptr && base::parse_u64(pid) == static_cast<std::uint64_t>(::getpid());
  if (!sockets || *sockets == 0 || *sockets > 1024 || !is_ours) {
    return 0;
  }
  process.env.push_back(fmt::format("LISTEN_FDS={}", *sockets));
  process.env.emplace_back("LISTEN_PID=1");
  if (const char* names = std::getenv("LISTEN_FDNAMES")) {
    process.env.push_back(fmt::format("LISTEN_FDNAMES={}", names));
  }
  return static_cast<std::uint32_t>(*sockets);
}

/// Before there is an entry: its path must not depend on the working directory.
std::string notify_directory_of(const state::Store& store, const std::string& id) {
  return std::filesystem::absolute(store.fifo_path(id)).parent_path() / "notify";
}

class Creation {
 public:
  Creation(const Options& options, const Session& session, bool is_run)
      : options_(options), session_(session), is_run_(is_run) {}

  int run();

 private:
  [[nodiscard]] bool stays() const { return is_run_ && !options_.detach; }
  int create(state::Entry entry, Launch launch);
  Result<void> open_notifier(const state::Entry& entry, Launch& launch) const;

  const Options& options_;
  const Session& session_;
  const bool is_run_;
  Bundle bundle_;
  plan::Circumstances at_;
  plan::Plan plan_;
};

int Creation::run() {
  const auto valid = config::parse_container_id(options_.id);
  if (!valid.ok()) {
    return fail(session_, valid.error());
  }
  auto bundle = read_bundle(options_.bundle, options_.config);
  if (!bundle.ok()) {
    return fail(session_, bundle.error());
  }
  bundle_ = std::move(bundle).value();
  at_ = {options_.id,
         bundle_.path,
         session_.rootless,
         !is_run_,
         options_.no_pivot,
         options_.no_new_keyring,
         options_.launch.preserve_fds + pass_sockets_on(bundle_.config.process)};
  if (is_notify_wanted()) {
    show_notify_socket(bundle_.config, notify_directory_of(session_.store, options_.id));
  }
  const auto completed = complete(at_, bundle_.config, session_);
  if (!completed.ok()) {
    return fail(session_, completed.error());
  }
  plan_ = plan::make_plan(bundle_.config, at_);
  if (options_.dry_run) {
    const std::string text = plan::render_plan(plan_);
    const auto written = os::write_all(os::BorrowedFd{STDOUT_FILENO}, text);
    return written.ok() ? 0 : fail(session_, written.error());
  }
  auto checked = is_run_ && bundle_.config.process.args.empty()
                     ? Result<void>{config::nothing_to_run()}
                     : check_bundle(bundle_, session_);
  if (checked.ok()) {
    checked = check_preserved(at_.preserve_fds);
  }
  if (!checked.ok()) {
    return fail(session_, checked.error());
  }
  auto launch = Launch::open(options_.launch, bundle_.config.process.terminal, !stays());
  if (!launch.ok()) {
    return fail(session_, launch.error());
  }
  if (at_.no_cgroup && bundle_.config.resources) {
    session_.log.warn("/linux/resources: not applied: there is no cgroup to limit");
  }
  for (const std::string& sentence : bundle_.config.not_applied) {
    session_.log.warn(sentence);
  }
  auto entry = session_.store.create(options_.id);
  if (!entry.ok()) {
    return fail(session_, entry.error());
  }
  return create(std::move(entry).value(), std::move(launch).value());
}

Result<void> Creation::open_notifier(const state::Entry& entry, Launch& launch) const {
  TRY_OK(make_notify_directory(entry.notify_path()));
  if (is_run_) {
    TRY(Notifier notifier, Notifier::open(entry.notify_path()));
    launch.give_notifier(std::move(notifier));
  }
  return {};
}

int Creation::create(state::Entry entry, Launch launch) {
  if (stays() && !options_.no_subreaper) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  }
  const SignalBlock blocked{stays()};
  exec::Parent parent{plan_, bundle_.config, at_, entry, session_.log};
  parent.give_console(launch.take_console());
  parent.keep_config(bundle_.config_text);
  auto done = is_notify_wanted() ? open_notifier(entry, launch) : Result<void>{};
  if (done.ok()) {
    done = parent.run();
  }
  const bool created = done.ok();
  if (done.ok()) {
    done = launch.announce(parent.init_pid());
  }
  if (!done.ok()) {
    launch.show_last_words();
    const int status = fail(session_, done.error(), parent.failure_status());
    if (created) {
      ::kill(parent.init_pid(), SIGKILL);
    }
    const auto removed =
        created ? destroy(session_, entry, parent.state(), bundle_.config) : entry.remove();
    if (!removed.ok()) {
      session_.log.error(removed.error());
    }
    return status;
  }
  entry.unlock();
  if (is_run_) {
    const auto finished = finish_start(session_, parent.state(), bundle_.config);
    if (!finished.ok()) {
      return fail(session_, finished.error());
    }
  }
  if (!stays()) {
    launch.await_ready(parent.init_pid());
  }
  return stays() ? stay_to_the_end(session_, launch, parent.state(), bundle_.config, options_.keep)
                 : 0;
}

void add_verb(CLI::App& app, Verb& chosen, const char* name, const char* description, bool is_run) {
  CLI::App* verb = app.add_subcommand(name, description);
  const auto options = std::make_shared<Options>();
  add_options(*verb, *options, is_run);
  verb->callback([options, &chosen, is_run] {
    chosen = [options, is_run](const Session& session) {
      // Never destroyed: the process ends with the verb, and taking plan and config apart first
      // takes time.
      static Creation* const creation = new Creation{*options, session, is_run};
      return creation->run();
    };
  });
}

}  // namespace

void add_create_and_run(CLI::App& app, Verb& chosen) {
  add_verb(app, chosen, "run", "create a container, run its program, clean up", true);
  add_verb(app, chosen, "create", "create a container up to the start of its program", false);
}

}  // namespace boxrun::commands
