#pragma once
// The end of a container, common to `delete` and `run`.

#include <vector>

#include "runtime/commands/options.h"
#include "runtime/config/config.h"

namespace boxrun::commands {

/// Removes what is left of a stopped container: processes that shared its pid namespace, cgroups,
/// the state directory; then runs the poststop hooks.
[[nodiscard]] Result<void> destroy(const Session& session, const state::Entry& entry,
                                   const state::State& state, const config::Config& config);

/// Hooks of the runtime namespace whose failure is only a warning: poststart and poststop.
void run_late_hooks(const Session& session, const std::vector<config::Hook>& hooks,
                    std::string_view kind, const state::State& state, state::Status status);

}  // namespace boxrun::commands
