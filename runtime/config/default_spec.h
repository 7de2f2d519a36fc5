#pragma once
// The config.json that `boxrun spec` and `boxrun bundle` write.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace boxrun::config {

struct SpecRequest {
  std::vector<std::string> args = {"sh"};
  std::string hostname = "boxrun";
  bool terminal = false;
  bool cgroup_namespace = true;
  /// For a container that an ordinary user can run: his uid and gid, mapped to root inside.
  struct Rootless {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
  };
  std::optional<Rootless> rootless;
};

/// A complete document, indented, that other runtimes accept as well.
[[nodiscard]] std::string render_default_spec(const SpecRequest& request);

}  // namespace boxrun::config
