#pragma once
// `--trace FILE`: boxrun has itself recorded, by boxtrace.

#include <string>
#include <string_view>

#include "runtime/aliases.h"

namespace boxrun::commands {

/// Starts a boxtrace that attaches to this process, and returns when it has. It follows what boxrun
/// starts and lets go of each process that becomes another program, so that it ends with boxrun or,
/// after `create`, with the container's start.
///
/// @param file      the trace; `%p` in it becomes our pid, for engines that run boxrun many times
/// @param own_name  argv[0]: boxtrace is looked for beside it, then in PATH
/// @errors  that there is no boxtrace, or what it says: no right to trace, FILE cannot be written
[[nodiscard]] Result<void> record_self(std::string file, std::string_view own_name);

}  // namespace boxrun::commands
