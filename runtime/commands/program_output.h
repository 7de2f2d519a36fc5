#pragma once
// Other programs of the host whose output is needed.

#include <string>
#include <vector>

#include "runtime/aliases.h"

namespace boxrun::commands {

/// Runs `args`, the first of them found by PATH unless it is a path, with our own standard input
/// and error, and returns what it prints.
///
/// @errors  ENOENT and the like when it cannot be run; 0 when it ends with a status other than 0
[[nodiscard]] Result<std::string> read_output(std::vector<std::string> args);

}  // namespace boxrun::commands
