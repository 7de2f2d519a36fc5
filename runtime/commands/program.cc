#include "runtime/commands/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "runtime/commands/options.h"
#include "runtime/commands/recording.h"
#include "runtime/commands/words.h"
#include "runtime/exec/self_protect.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

void add_global(CLI::App& app, Global& global) {
  app.add_option("--root", global.root, "state directory (default: " + state::default_root() + ")");
  app.add_option("--log", global.log_path, "write a log there as well");
  app.add_option("--log-format", global.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  app.add_option("--rootless", global.rootless, "true, false or auto")
      ->check(CLI::IsMember({"true", "false", "auto"}));
  app.add_option("--trace", global.trace,
                 "have boxtrace record what boxrun does; %p in the name becomes its pid");
  app.add_flag("--debug", global.debug, "name each step as it is done");
  app.add_flag("--systemd-cgroup", global.systemd_cgroup, "let systemd make the cgroups");
  app.add_option("--cgroup-manager", global.cgroup_manager,
                 "cgroupfs, systemd (the same as --systemd-cgroup), or disabled: make no cgroup")
      ->check(CLI::IsMember({"cgroupfs", "systemd", "disabled"}));
  app.add_option("--log-level", global.log_level, "error, warning or debug (the same as --debug)")
      ->check(CLI::IsMember({"error", "warning", "debug"}));
  app.add_option("--criu", global.criu, "program that saves and restores (default: criu in $PATH)");
}

struct VerbGroup {
  std::array<std::string_view, 2> names;
  void (*add)(CLI::App& app, Verb& chosen) = nullptr;
};

constexpr std::array<VerbGroup, 16> kVerbs = {{
    {{"spec"}, add_spec},
    {{"bundle"}, add_bundle},
    {{"create", "run"}, add_create_and_run},
    {{"start"}, add_start},
    {{"state"}, add_state},
    {{"kill"}, add_kill},
    {{"delete"}, add_delete},
    {{"list"}, add_list},
    {{"exec"}, add_exec},
    {{"pause", "resume"}, add_pause_and_resume},
    {{"ps"}, add_ps},
    {{"update"}, add_update},
    {{"events"}, add_events},
    {{"features"}, add_features},
    {{"checkpoint"}, add_checkpoint},
    {{"restore"}, add_restore},
}};

/// Only those that are mentioned, be it as something else: describing the options of all takes half
/// a millisecond. All where none is, or where help is wanted.
void add_verbs(CLI::App& app, Verb& chosen, const std::vector<std::string_view>& words) {
  const auto mentions = [&words](std::string_view word) {
    return !word.empty() && std::ranges::find(words, word) != words.end();
  };
  const auto is_mentioned = [&mentions](const VerbGroup& group) {
    return std::ranges::any_of(group.names, mentions);
  };
  const bool all =
      mentions("--help") || mentions("-h") || std::ranges::none_of(kVerbs, is_mentioned);
  for (const VerbGroup& group : kVerbs) {
    if (all || is_mentioned(group)) {
      group.add(app, chosen);
    }
  }
}

bool is_rootless(const std::string& wish) {
  return wish == "auto" ? !state::has_rights_of_root() : wish == "true";
}

/// `file:PATH`, or just the path.
Result<exec::Log> open_log(const Global& global) {
  std::string path = global.log_path;
  for (const std::string_view other : {"journald:", "syslog:"}) {
    if (path.starts_with(other)) {
      return Error{0, fmt::format("--log {}: boxrun writes its log to files only", path),
                   "name one: --log file:PATH"};
    }
  }
  if (path.starts_with("file:")) {
    path.erase(0, path.find(':') + 1);
  }
  os::UniqueFd file;
  if (!path.empty()) {
    TRY(file, os::open_file(path, O_WRONLY | O_CREAT | O_APPEND, 0644));
  }
  return exec::Log{std::move(file), global.log_format == "json",
                   global.debug || global.log_level == "debug"};
}

/// Only what enters a container needs its binary protected.
constexpr std::array<std::string_view, 3> kEntering = {"create", "run", "exec"};

/// The re-execution that protects the binary is best done before any other work, which would all be
/// done twice. A word that only looks like such a verb costs nothing but that; an error is left to
/// the second attempt, which has a log to tell it to.
/// @returns whether there is nothing left to do
bool protect_early(int argc, char** argv) {
  return argc > 1 &&
         std::any_of(argv + 1, argv + argc,
                     [](std::string_view word) {
                       return std::ranges::find(kEntering, word) != kEntering.end();
                     }) &&
         exec::protect_own_binary(argv).ok();
}

int run_verb(const Global& global, const Verb& chosen, bool protect, char** argv) {
  auto log = open_log(global);
  if (!log.ok()) {
    exec::Log{}.error(log.error());
    return 1;
  }
  const bool no_cgroup = global.cgroup_manager == "disabled";
  const Session session{log.value(),
                        state::Store{global.root.empty() ? state::default_root() : global.root},
                        is_rootless(global.rootless),
                        !no_cgroup && (global.systemd_cgroup || global.cgroup_manager == "systemd"),
                        no_cgroup,
                        global.criu};
  if (protect) {
    const auto done = exec::protect_own_binary(argv);
    if (!done.ok()) {
      return fail(session, done.error());
    }
  }
  if (!global.trace.empty()) {
    const auto recorded = record_self(global.trace, argv[0]);
    if (!recorded.ok()) {
      return fail(session, recorded.error());
    }
  }
  return chosen(session);
}

}  // namespace

int fail(const Session& session, const Error& error, int status) {
  session.log.error(error);
  return status;
}

int run_program(int argc, char** argv, const char* version) {
  // Whoever we write to may have gone: that is an error of the write, not the end of boxrun.
  ::signal(SIGPIPE, SIG_IGN);
  const bool is_protected = protect_early(argc, argv);
  // Never destroyed, as it lives as long as the process.
  static CLI::App& app = *new CLI::App{"boxrun: an OCI container runtime that explains itself"};
  app.name("boxrun");
  // Engines read the first line for the name and the version, and those that begin with `commit:`
  // and `spec:`.
  app.set_version_flag("-v,--version",
                       fmt::format("boxrun version {0}\ncommit: {0}\nspec: 1.2.0", version));
  app.require_subcommand(1);
  Global global;
  Verb chosen;
  add_global(app, global);
  add_verbs(app, chosen, {argv + std::min(argc, 1), argv + argc});
  std::vector<std::string> words =
      normalize_words(app, std::vector<std::string>(argv + 1, argv + argc));
  std::ranges::reverse(words);  // CLI11 takes them from the end
  try {
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 1;
  }
  const bool enters =
      !is_protected && std::ranges::any_of(app.get_subcommands(), [](const CLI::App* verb) {
        return std::ranges::find(kEntering, verb->get_name()) != kEntering.end();
      });
  return run_verb(global, chosen, enters, argv);
}

}  // namespace boxrun::commands
