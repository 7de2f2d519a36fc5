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

/// The scope that the cgroup belongs to, where systemd has made it; without a name elsewhere.
struct Unit {
  std::string name;
  bool user = false;  ///< of the user's systemd, not the system's
};

struct Cgroup {
  std::vector<Place> places;
  Unit unit;
  /// Directories on the way that are missing: they are removed with the container unless another
  /// one uses them. Kept for a crash between making and marking them.
  std::vector<std::string> parents;

  [[nodiscard]] const Place* find(std::string_view controller) const;
  [[nodiscard]] const Place* version2() const;
  /// The part of it that is in version 2, or in version 1.
  [[nodiscard]] Cgroup part(bool in_version2) const;
};

[[nodiscard]] Result<std::vector<Hierarchy>> read_layout();

/// What is at the usual place tells: with version 1 or both it is a tmpfs of mount points.
[[nodiscard]] bool is_version2_alone();

/// Where the container's cgroup will be in every hierarchy. Makes nothing, so that the places can
/// be written down before there is anything to lose.
[[nodiscard]] Result<Cgroup> choose_places(const std::string& path);

/// @errors  a place that is frozen or has processes already
[[nodiscard]] Result<void> check_unused(const Cgroup& cgroup);

/// Makes the directories, and in version 2 offers them the controllers that limits need.
///
/// @param rootless  a hierarchy where we may not write is left out
[[nodiscard]] Result<void> make_directories(const config::Config& config, bool rootless,
                                            Cgroup& cgroup);

/// Of a container that stays in boxrun's cgroup, because every place was left out.
///
/// @errors  when it should have limits
[[nodiscard]] Result<void> check_limitless(const config::Config& config);

/// Writes the limits and the rules for devices, into directories that are there.
///
/// @errors  a limit that is refused or has no controller
[[nodiscard]] Result<void> limit_cgroup(const config::Config& config, bool rootless,
                                        const Cgroup& cgroup, std::vector<std::string>& warnings);

/// Writes each limit into the hierarchy that has its controller. Some values are refused in one
/// order only (a memory limit above the old limit of memory and swap, a quota above the old
/// period): what is refused is tried again after the others.
///
/// @errors  the first one that is refused or has no controller
[[nodiscard]] Result<void> write_limits(const std::vector<Limit>& limits, const Cgroup& cgroup,
                                        std::vector<std::string>& warnings);

/// The same files, with the values that they have now. What cannot be read is left out.
[[nodiscard]] std::vector<Limit> read_limits(const std::vector<Limit>& limits,
                                             const Cgroup& cgroup);

/// The pids of all processes in the cgroup and below.
[[nodiscard]] std::vector<int> read_processes(const Cgroup& cgroup);

/// Sends `signal` to all processes, frozen meanwhile, so that none can be born unseen.
[[nodiscard]] Result<void> signal_all(const Cgroup& cgroup, int signal);

/// Removes the directories. Waits for processes that are still dying.
[[nodiscard]] Result<void> remove_cgroup(const Cgroup& cgroup);

}  // namespace boxrun::cgroup
