#pragma once
// Which security modules of the kernel are on.

#include "runtime/config/config.h"
#include "runtime/exec/log.h"
#include "runtime/plan/build.h"

namespace boxrun::exec {

/// Notes in `circumstances` what there is, and warns of labels in the config that nothing here
/// would read.
void read_security_modules(const config::Config& config, const Log& log,
                           plan::Circumstances& circumstances);

}  // namespace boxrun::exec
