#include "runtime/commands/exec_cgroup.h"

#include <errno.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

/// `/a/b` from ways of writing it such as `a//b/.`; nothing where `..` appears.
std::optional<std::string> clean_path(std::string_view text) {
  std::string clean;
  for (const std::string_view part : base::split(text, '/')) {
    if (part == "..") {
      return std::nullopt;
    }
    if (!part.empty() && part != ".") {
      clean += fmt::format("/{}", part);
    }
  }
  return clean;
}

bool has_controller(const cgroup::Place& place, std::string_view word) {
  return std::ranges::find(place.controllers, word) != place.controllers.end() ||
         std::ranges::find(place.controllers, fmt::format("name={}", word)) !=
             place.controllers.end();
}

Result<void> enter(const std::string& wish, cgroup::Cgroup& cgroup) {
  const auto colon = wish.find(':');
  const std::string controllers = colon == std::string::npos ? "" : wish.substr(0, colon);
  const auto path = clean_path(colon == std::string::npos ? wish : wish.substr(colon + 1));
  if (!path) {
    return Error{0,
                 fmt::format("--cgroup: {} leads out of the container's cgroup", base::quote(wish)),
                 "paths count from the container's cgroup and go down only"};
  }
  for (const std::string_view word : base::split(controllers, ',')) {
    const bool known =
        word.empty() || std::ranges::any_of(cgroup.places, [word](const auto& place) {
          return has_controller(place, word);
        });
    if (!known) {
      return Error{0,
                   fmt::format("--cgroup: no hierarchy has the controller {}", base::quote(word)),
                   "version 2 has a single hierarchy, which is named without a controller"};
    }
  }
  for (cgroup::Place& place : cgroup.places) {
    const bool is_meant =
        controllers.empty() ||
        std::ranges::any_of(base::split(controllers, ','), [&place](std::string_view word) {
          return has_controller(place, word);
        });
    if (!is_meant) {
      continue;
    }
    const std::string directory = place.directory + *path;
    if (::access(directory.c_str(), F_OK) != 0) {
      return os::errno_error(fmt::format("--cgroup: access({})", base::quote(directory)),
                             "the cgroup has to exist in each hierarchy that is meant; "
                             "CONTROLLER:PATH means one of them");
    }
    place.directory = directory;
  }
  return {};
}

/// With controllers enabled for its children a cgroup of version 2 takes no process ("no internal
/// processes"). What runs as init then, a systemd for example, has made room for itself below.
void follow_init(state::State& state) {
  for (cgroup::Place& place : state.cgroup.places) {
    const auto enabled = place.version2 ? os::read_file(place.directory + "/cgroup.subtree_control")
                                        : Result<std::string>{std::string{}};
    const auto membership = os::read_file(fmt::format("/proc/{}/cgroup", state.pid));
    if (!enabled.ok() || base::trim(enabled.value()).empty() || !membership.ok()) {
      continue;
    }
    for (const std::string_view line : base::split(membership.value(), '\n')) {
      const std::string directory =
          line.starts_with("0::") ? fmt::format("{}{}", place.mount_point, line.substr(3)) : "";
      if (directory.starts_with(place.directory + "/")) {
        place.directory = directory;
      }
    }
  }
}

}  // namespace

Result<void> enter_cgroups(const std::vector<std::string>& wishes, state::State& state) {
  if (wishes.empty()) {
    follow_init(state);
  }
  for (const std::string& wish : wishes) {
    TRY_OK(enter(wish, state.cgroup));
  }
  return {};
}

}  // namespace boxrun::commands
