#pragma once
// The command line: global options, then a verb with its own. The words are runc's, so that engines
// and people need not learn new ones.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "runtime/aliases.h"
#include "runtime/exec/log.h"
#include "runtime/state/store.h"

namespace boxrun::commands {

struct Global {
  std::string root;
  std::string log_path;
  std::string log_format = "text";
  std::string log_level;
  std::string cgroup_manager;
  std::string criu = "criu";
  std::string trace;
  std::string rootless = "auto";
  bool debug = false;
  bool systemd_cgroup = false;
};

/// What every verb gets.
struct Session {
  const exec::Log& log;
  state::Store store;
  bool rootless = false;
  bool systemd_cgroup = false;
  bool no_cgroup = false;
  std::string criu = "criu";  ///< program
};

/// Returns the exit status of boxrun; errors it has printed itself, with fail().
using Verb = std::function<int(const Session&)>;

/// Prints the error and returns 1.
int fail(const Session& session, const Error& error, int status = 1);

// Each adds its verb to `app` and sets `chosen` when the command line names it.
void add_spec(CLI::App& app, Verb& chosen);
void add_bundle(CLI::App& app, Verb& chosen);
void add_create_and_run(CLI::App& app, Verb& chosen);
void add_start(CLI::App& app, Verb& chosen);
void add_state(CLI::App& app, Verb& chosen);
void add_kill(CLI::App& app, Verb& chosen);
void add_delete(CLI::App& app, Verb& chosen);
void add_list(CLI::App& app, Verb& chosen);
void add_exec(CLI::App& app, Verb& chosen);
void add_pause_and_resume(CLI::App& app, Verb& chosen);
void add_ps(CLI::App& app, Verb& chosen);
void add_update(CLI::App& app, Verb& chosen);
void add_events(CLI::App& app, Verb& chosen);
void add_features(CLI::App& app, Verb& chosen);
void add_checkpoint(CLI::App& app, Verb& chosen);
void add_restore(CLI::App& app, Verb& chosen);

}  // namespace boxrun::commands
