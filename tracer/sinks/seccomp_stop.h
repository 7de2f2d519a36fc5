#pragma once
// The words behind `= ?` of a call that a seccomp filter did not let happen.

#include <string>

#include "tracer/timeline/analysis.h"

namespace boxtrace::sinks {

/// ` (killed by seccomp: SIGSYS)`, ` (trapped by seccomp: SIGSYS)`, or empty.
[[nodiscard]] std::string render_seccomp_stop(const timeline::Step& step);

}  // namespace boxtrace::sinks
