#pragma once
// The end of a container, and hooks around it: common to `delete`, `run`, `checkpoint` and
// `restore`.

#include <vector>

#include "runtime/commands/launch.h"
#include "runtime/commands/options.h"
#include "runtime/config/config.h"

namespace boxrun::commands {

/// Removes what is left of a stopped container: processes that shared its pid namespace, cgroups,
/// the state directory; then runs the poststop hooks.
[[nodiscard]] Result<void> destroy(const Session& session, const state::Entry& entry,
                                   const state::State& state, const config::Config& config);

/// Stays with a container whose program runs, passes signals on, and removes it at its end unless
/// told to keep it. Signals must be blocked. @returns the exit status of boxrun
[[nodiscard]] int stay_to_the_end(const Session& session, Launch& launch, const state::State& state,
                                  const config::Config& config, bool keep);

/// Hooks of the runtime namespace whose failure ends the operation.
[[nodiscard]] Result<void> run_early_hooks(const std::vector<config::Hook>& hooks,
                                           std::string_view kind, const state::State& state,
                                           state::Status status);

/// The poststart hooks of a container whose program runs. When one fails, the container is stopped
/// and removed, as specified. The entry must not be locked: hooks may ask for the state.
[[nodiscard]] Result<void> finish_start(const Session& session, const state::State& state,
                                        const config::Config& config);

}  // namespace boxrun::commands
