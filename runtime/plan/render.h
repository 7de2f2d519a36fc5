#pragma once
// A plan as text: what `--dry-run` prints, and the names of steps in errors and in --debug.

#include <string>
#include <string_view>

#include "runtime/plan/step.h"

namespace boxrun::plan {

/// `mount proc on /proc (nosuid,noexec)`.
[[nodiscard]] std::string render_action(const Action& action);

/// `boxrun`, `[1:NS]`, `[2:INIT]`.
[[nodiscard]] std::string_view render_actor(Actor actor);

/// One line a step: number, actor, action, setting.
[[nodiscard]] std::string render_plan(const Plan& plan);

}  // namespace boxrun::plan
