#pragma once
// Signals on the way to execve(2), which keeps what is ignored and what is blocked.

namespace boxrun::exec {

/// Default handlers for all signals and none blocked, whatever our caller, or we, have set.
void reset_signals();

}  // namespace boxrun::exec
