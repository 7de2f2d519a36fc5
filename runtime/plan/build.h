#pragma once
// Config to Plan. Pure: looks at nothing but its arguments.

#include <optional>
#include <string>
#include <string_view>

#include "runtime/config/config.h"
#include "runtime/plan/step.h"

namespace boxrun::plan {

/// What the command line and the machine add to the config.
struct Circumstances {
  std::string id;
  std::string bundle;     ///< absolute; relative paths of the config start here
  bool rootless = false;  ///< boxrun runs without root's rights
  bool wait_for_start = false;
  bool no_pivot = false;
  bool no_new_keyring = false;
  std::uint32_t preserve_fds = 0;
  bool has_apparmor = false;  ///< the kernel has the module, and it is on
  bool has_selinux = false;
  bool has_kcore = false;  ///< /proc/kcore, which depends on how the kernel was built
  /// The scope that systemd makes for the container's cgroup; without, boxrun makes the cgroup.
  std::optional<ScopeName> scope;
  bool no_cgroup = false;  ///< the container stays in boxrun's
  /// Cgroups are of version 2 alone and boxrun's to make: clone3(2) makes the child in its cgroup.
  bool cgroup2_alone = false;
  /// `exec`: the container is there and all its namespaces are joined; nothing of it is made.
  bool joins = false;
};

[[nodiscard]] Plan make_plan(const config::Config& config, const Circumstances& circumstances);

/// `path` if absolute, else below `bundle`.
[[nodiscard]] std::string resolve_in_bundle(const std::string& bundle, const std::string& path);

/// What `path` of the host, compared as text, is called below the root filesystem `root`: `/` is
/// that itself. Nothing when it is elsewhere, or when `root` is the host's.
[[nodiscard]] std::optional<std::string> path_in_root(std::string_view root, std::string_view path);

}  // namespace boxrun::plan
