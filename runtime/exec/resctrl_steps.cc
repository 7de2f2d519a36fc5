#include "runtime/exec/resctrl_steps.h"

namespace boxrun::exec {

Result<void> make_resctrl(const plan::MakeResctrlGroup& step, state::State& state,
                          const state::Entry& entry) {
  TRY(const std::string root, resctrl::find_root());
  TRY(state.resctrl, resctrl::choose_control(root, step.name, step.must_exist));
  if (state.resctrl.created) {
    TRY_OK(entry.write_state(state));
  }
  return resctrl::make_control(state.resctrl);
}

Result<void> make_resctrl(const plan::SetSchema& step, state::State& state,
                          const state::Entry& entry) {
  TRY_OK(resctrl::set_schema(state.resctrl, step.line));
  if (!step.completes || !state.resctrl.created) {
    return {};
  }
  resctrl::keep_control(state.resctrl);
  return entry.write_state(state);
}

Result<void> make_resctrl(const plan::MakeMonitorGroup& step, state::State& state,
                          const state::Entry& entry) {
  resctrl::choose_monitor(state.resctrl, step.name);
  TRY_OK(entry.write_state(state));
  return resctrl::make_monitor(state.resctrl);
}

}  // namespace boxrun::exec
