#pragma once
// The turning points of a container's creation, as data. The story numbers them, a trace records
// them, `boxtrace diff` compares them.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracer/base/ids.h"

namespace boxtrace::timeline {

/// The chapters of the story, in the order in which a container usually goes through them.
enum class Phase : std::uint8_t {
  Prepare,  ///< the runtime starts and reads its configuration
  Spawn,    ///< it makes the processes that will become the container
  Isolate,  ///< namespaces and id maps
  Rootfs,   ///< mounts
  Network,
  LockDown,  ///< pivot_root, masks, capabilities, seccomp
  Start,     ///< the container's program is exec'd
  Run,
  CleanUp,
};

[[nodiscard]] constexpr std::string_view phase_name(Phase phase) {
  constexpr std::array<std::string_view, 9> kNames = {
      "prepare", "spawn", "isolate", "rootfs", "network", "lock down", "start", "run", "clean up"};
  return kNames[static_cast<std::size_t>(phase)];
}

/// One turning point.
struct Milestone {
  int number = 0;  ///< as the story prints it, from 1
  std::string id;  ///< what kind: `ns.new`, `ns.join`, `pid1.born`, `root.pivot`, `exec.final`
  Phase phase = Phase::Prepare;
  base::TaskId task;                ///< who did it
  std::string role;                 ///< the role of that task: `runc init (stage 2)`, free of pids
  std::vector<base::Seq> evidence;  ///< the events it rests on
  std::string title;                ///< one line for a person
  /// The same facts free of everything that changes from run to run (pids, inode numbers, times,
  /// temporary names), as key and value: what a comparison compares.
  std::vector<std::pair<std::string, std::string>> facts;
};

}  // namespace boxtrace::timeline
