#pragma once
// What is remembered about a container between two commands.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/resctrl/groups.h"

namespace boxrun::state {

/// Source: runtime-spec runtime.md, "State". `paused` is an addition that all runtimes share.
enum class Status : std::uint8_t { Creating, Created, Running, Paused, Stopped };
[[nodiscard]] std::string_view render_status(Status status);

struct State {
  std::string oci_version;
  std::string id;
  int pid = 0;  ///< init's, 0 before it is born
  /// Field 22 of /proc/PID/stat: tells init from a stranger who got its pid later. proc(5).
  std::uint64_t start_ticks = 0;
  std::string bundle;   ///< absolute
  std::string rootfs;   ///< absolute
  std::string created;  ///< RFC 3339, UTC
  std::uint32_t owner = 0;
  bool complete = false;  ///< creation has come to its end
  bool own_pid_namespace = true;
  std::map<std::string, std::string> annotations;
  /// What the standard streams were when the container was made, as /proc/PID/fd has it; empty with
  /// a terminal. A restored container is given those of its caller instead.
  std::vector<std::string> streams;
  cgroup::Cgroup cgroup;
  resctrl::Groups resctrl;
};

[[nodiscard]] std::string render_state_file(const State& state);
[[nodiscard]] Result<State> parse_state_file(std::string_view text);

/// `root`, or the number of the user who made the container.
[[nodiscard]] std::string owner_name(const State& state);

/// The document of the `state` command and of hooks, as the specification has it.
[[nodiscard]] std::string render_oci_state(const State& state, Status status, int indent);

}  // namespace boxrun::state
