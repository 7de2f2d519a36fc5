#pragma once
// Running a command, or showing a trace, under --style=strace.

#include "tracer/cli/verbs.h"

namespace boxtrace::cli {

[[nodiscard]] int run_strace_launch(const Arguments& words);
[[nodiscard]] int run_strace_show(const Arguments& words);

}  // namespace boxtrace::cli
