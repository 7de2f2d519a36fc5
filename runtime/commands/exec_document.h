#pragma once
// The config.json of a process that enters a running container. It is made as a document, so that
// what a caller asks for goes through the same parser and the same checks as a bundle's config.
// Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/config/config.h"

namespace boxrun::commands {

/// What `exec` asks for. Fields that are empty leave the container's own setting.
struct ExecRequest {
  std::vector<std::string> args;
  std::string process_text;  ///< JSON of an OCI process; then only `terminal` below counts
  std::string cwd;
  std::string user;                 ///< `UID` or `UID:GID`
  std::vector<std::string> groups;  ///< additional gids
  std::vector<std::string> env;     ///< `NAME=value`
  std::vector<std::string> capabilities;
  std::string apparmor;
  std::string selinux_label;
  bool terminal = false;
  bool no_new_privileges = false;
};

/// The container's own config with the process exchanged, all namespaces of `joined` joined, and
/// without what makes a container: mounts, devices, hooks, limits.
///
/// @param container  config.json of the container
/// @param joined     namespaces to enter, as files of /proc/PID/ns
/// @errors  the first option that makes no sense
[[nodiscard]] Result<std::string> make_exec_document(std::string_view container,
                                                     const ExecRequest& request,
                                                     const std::vector<config::Namespace>& joined);

}  // namespace boxrun::commands
