#pragma once
// What `create`, `run` and `restore` read before they make anything: the bundle, its config, and
// what command line and machine add to it.

#include <string>

#include "runtime/aliases.h"
#include "runtime/commands/options.h"
#include "runtime/config/config.h"
#include "runtime/plan/build.h"

namespace boxrun::commands {

struct Bundle {
  std::string path;  ///< absolute
  std::string config_text;
  config::Config config;
};

/// @param config  of another place than the bundle; empty: the bundle's config.json
[[nodiscard]] Result<Bundle> read_bundle(const std::string& directory, const std::string& config);

/// What can be seen to be wrong before anything is made.
[[nodiscard]] Result<void> check_bundle(const Bundle& bundle, const Session& session);

/// Adds what the machine has: security modules, where cgroups are and who makes them. Labels that
/// cannot be applied are warned of.
[[nodiscard]] Result<void> complete(plan::Circumstances& at, const config::Config& config,
                                    const Session& session);

}  // namespace boxrun::commands
