#pragma once
// What a compiled filter comes to, for who asks with --debug: what it permits in a line, and the
// mistakes that filters often have. Worked out from the instructions, not from the profile, as it
// is they that the kernel is given.

#include <string>
#include <vector>

#include "runtime/exec/seccomp_program.h"

namespace boxrun::exec {

/// Lines to log, the first about the filter as a whole.
[[nodiscard]] std::vector<std::string> report_seccomp(const SeccompProgram& program);

}  // namespace boxrun::exec
