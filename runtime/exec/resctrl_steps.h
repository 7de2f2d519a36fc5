#pragma once
// The steps about the container's groups in resctrl, common to making a container and restoring it.

#include "runtime/plan/step.h"
#include "runtime/state/store.h"

namespace boxrun::exec {

/// Does a step. What can be left behind is in state.json before it is made.
[[nodiscard]] Result<void> make_resctrl(const plan::MakeResctrlGroup& step, state::State& state,
                                        const state::Entry& entry);
[[nodiscard]] Result<void> make_resctrl(const plan::SetSchema& step, state::State& state,
                                        const state::Entry& entry);
[[nodiscard]] Result<void> make_resctrl(const plan::MakeMonitorGroup& step, state::State& state,
                                        const state::Entry& entry);

}  // namespace boxrun::exec
