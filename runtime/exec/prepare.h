#pragma once
// Everything that can be done before clone(2).

#include "runtime/aliases.h"
#include "runtime/config/config.h"
#include "runtime/exec/log.h"
#include "runtime/exec/prepared.h"
#include "runtime/plan/build.h"

namespace boxrun::exec {

/// Opens the namespaces to join, compiles the filter, clones id-mapped mounts, lays out argv and
/// envp. `config` must outlive `prepared`: argv and envp point into it.
///
/// @param cache  directory of compiled filters
[[nodiscard]] Result<void> prepare(const config::Config& config,
                                   const plan::Circumstances& circumstances,
                                   const std::string& cache, const Log& log, Prepared& prepared);

}  // namespace boxrun::exec
