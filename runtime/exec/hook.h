#pragma once
// Running one hook: a program of the bundle's author that reads the container's state on standard
// input. Sources: runtime-spec config.md, "POSIX-platform Hooks"; runtime.md, "Lifecycle".

#include <unistd.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "runtime/aliases.h"
#include "runtime/config/config.h"
#include "runtime/steps/outcome.h"
#include "tracer/os/fd.h"

namespace boxrun::exec {

/// Files of the host that take what hooks print; empty where that is boxrun's own output.
struct HookOutput {
  os::UniqueFd out;
  os::UniqueFd err;
};
/// Those of crun's annotations run.oci.hooks.stdout and .stderr, opened to append to.
[[nodiscard]] Result<HookOutput> open_hook_output(
    const std::map<std::string, std::string>& annotations);

/// What one hook gets. The state is `before_pid`, `pid` and `after_pid` one after the other.
struct HookRun {
  std::string_view before_pid;
  int pid = 0;
  std::string_view after_pid;
  const HookOutput& output;
  char* const* inherited = environ;  ///< the environment of a hook that brings none
  /// Called in the hook's process, as the last thing before execve(2).
  std::function<steps::Outcome()> confine = {};
};

/// Runs `hook` in the namespaces of the caller and waits, at most for its timeout, after which it
/// is killed.
///
/// @returns failure when it cannot be run, ends with a status other than 0, or takes too long.
steps::Outcome run_hook(const config::Hook& hook, const HookRun& run);

}  // namespace boxrun::exec
