#pragma once
// The container's cgroup: one directory in every hierarchy, made, limited, entered, emptied and
// removed together.

#include <string>
#include <string_view>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/cgroup/layout.h"
#include "runtime/cgroup/limits.h"
#include "runtime/config/config.h"
#include "tracer/os/fd.h"

namespace boxrun::cgroup {

/// One hierarchy's directory, as it is kept in state.json.
struct Place {
  bool version2 = false;
  std::vector<std::string> controllers;
  std::string mount_point;
  std::string directory;
};

struct Cgroup {
  std::vector<Place> places;
  /// Directories on the way that are missing: they are removed with the container unless another
  /// one uses them. Kept for a crash between making and marking them.
  std::vector<std::string> parents;

  [[nodiscard]] const Place* find(std::string_view controller) const;
  [[nodiscard]] const Place* version2() const;
};

[[nodiscard]] Result<std::vector<Hierarchy>> read_layout();

/// Where the container's cgroup will be in every hierarchy. Makes nothing, so that the places can
/// be written down before there is anything to lose.
///
/// @errors  a place that is frozen or has processes already
[[nodiscard]] Result<Cgroup> choose_places(const std::string& path);

/// Makes the directories and writes the limits.
///
/// @param rootless  a hierarchy where we may not write is left out, with a warning
/// @errors  a limit that is refused or has no controller
[[nodiscard]] Result<void> make_cgroup(const config::Config& config, bool rootless, Cgroup& cgroup,
                                       std::vector<std::string>& warnings);

/// Writes each limit into the hierarchy that has its controller. Some values are refused in one
/// order only (a memory limit above the old limit of memory and swap, a quota above the old
/// period): what is refused is tried again after the others.
///
/// @errors  the first one that is refused or has no controller
[[nodiscard]] Result<void> write_limits(const std::vector<Limit>& limits, const Cgroup& cgroup,
                                        std::vector<std::string>& warnings);

/// The pids of all processes in the cgroup and below.
[[nodiscard]] std::vector<int> read_processes(const Cgroup& cgroup);

/// Sends `signal` to all processes, frozen meanwhile, so that none can be born unseen.
[[nodiscard]] Result<void> signal_all(const Cgroup& cgroup, int signal);

/// Removes the directories. Waits for processes that are still dying.
[[nodiscard]] Result<void> remove_cgroup(const Cgroup& cgroup);

}  // namespace boxrun::cgroup
