#pragma once
// What part a process plays: `runc init`, `conmon`, the container's first process. Rules are data;
// see the table in roles.cc.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace boxtrace::model {

enum class RoleKind : std::uint8_t {
  Program,    ///< nothing special is known of it
  Runtime,    ///< an OCI runtime's own command: runc run, crun create, boxrun start
  Stage,      ///< a process of the runtime on its way to become the container
  Sandbox,    ///< bwrap, unshare, nsenter: tools that make or enter namespaces by hand
  Engine,     ///< dockerd, containerd, podman
  Monitor,    ///< conmon, containerd-shim: stays with the container
  Aide,       ///< newuidmap, iptables and the like; hooks
  Container,  ///< runs the container's own program
};

struct Role {
  RoleKind kind = RoleKind::Program;
  std::string name;     ///< `runc run`, `runc:[1:CHILD]`, `bwrap`
  std::string purpose;  ///< what it is for, in a few words; may be empty
  /// Runs an engine's program: makes containers for others, or stays with one.
  bool is_daemon = false;
};

/// What the rules see of a process.
struct RoleInput {
  std::string_view exe;  ///< may be a memfd or a deleted file
  const std::vector<std::string>& argv;
  std::string_view comm;
  std::string_view parent_role;    ///< name of the creator's role
  bool in_parents_pid_ns = false;  ///< and that is not the host's
};

/// The role, by the first rule that matches; total.
[[nodiscard]] Role find_role(const RoleInput& input);

}  // namespace boxtrace::model
