#pragma once
// Running one hook: a program of the bundle's author that reads the container's state on standard
// input. Sources: runtime-spec config.md, "POSIX-platform Hooks"; runtime.md, "Lifecycle".

#include <unistd.h>

#include <functional>
#include <string_view>

#include "runtime/config/config.h"
#include "runtime/steps/outcome.h"

namespace boxrun::exec {

/// Runs `hook` in the namespaces of the caller and waits, at most for its timeout, after which it
/// is killed. The state is `before_pid`, `pid` and `after_pid` one after the other; `inherited` the
/// environment of a hook that brings none. `confine` is called in the hook's process, as the last
/// thing before execve(2).
///
/// @returns failure when it cannot be run, ends with a status other than 0, or takes too long.
steps::Outcome run_hook(const config::Hook& hook, std::string_view before_pid, int pid,
                        std::string_view after_pid, char* const* inherited = environ,
                        const std::function<steps::Outcome()>& confine = {});

}  // namespace boxrun::exec
