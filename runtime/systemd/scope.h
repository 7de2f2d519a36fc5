#pragma once
// The container's cgroup, made by systemd: from finding out where it will be to its end.

#include <string>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/config/config.h"
#include "runtime/plan/step.h"
#include "runtime/systemd/properties.h"

namespace boxrun::systemd {

/// A scope that is not there yet.
struct ScopePlan {
  cgroup::Cgroup cgroup;
  std::vector<Property> properties;
};

/// Where systemd will put the scope, in every hierarchy, and what it will be asked for. Makes
/// nothing, as cgroup::choose_places().
///
/// @errors  no systemd; a place that is frozen or has processes already; a broken annotation
[[nodiscard]] Result<ScopePlan> plan_scope(const plan::ScopeName& scope,
                                           const config::Config& config, bool rootless);

/// Starts it with `init` in it, makes the cgroup in hierarchies that systemd does not know, which
/// init has to join by itself, and writes the limits.
///
/// @param planned  afterwards without the places where a rootless boxrun may not write
[[nodiscard]] Result<void> start_scope(const plan::ScopeName& scope, const config::Config& config,
                                       bool rootless, int init, ScopePlan& planned,
                                       std::vector<std::string>& warnings);

/// Tells systemd of new limits; does nothing where the cgroup is not systemd's.
[[nodiscard]] Result<void> update_scope(const cgroup::Cgroup& cgroup,
                                        const config::Resources& resources);

/// cgroup::remove_cgroup(), after systemd has stopped the unit that it may belong to. A systemd
/// that does not answer is a warning: it lets go of a scope without processes by itself.
[[nodiscard]] Result<void> remove_cgroup(const cgroup::Cgroup& cgroup,
                                         std::vector<std::string>& warnings);

}  // namespace boxrun::systemd
