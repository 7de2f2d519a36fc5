#include "runtime/cgroup/freezer.h"

#include <errno.h>
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "tracer/os/file.h"

namespace boxrun::cgroup {
namespace {

std::string read_word(const std::string& path) {
  const auto text = os::read_file(path);
  return text.ok() ? std::string{base::trim(text.value())} : std::string{};
}

/// Whether all that had to stop, or to go on, has done so.
bool is_settled(const Cgroup& cgroup, const Freezer& freezer, bool frozen) {
  if (cgroup.find("freezer") != nullptr) {
    return read_word(freezer.file) == (frozen ? freezer.frozen : freezer.thawed);
  }
  const std::string events = read_word(cgroup.version2()->directory + "/cgroup.events");
  return events.find(frozen ? "frozen 1" : "frozen 0") != std::string::npos;
}

/// The nearest group of version 1 that has been told to freeze, and holds the process; empty if
/// there is none.
std::string freezing_directory(int pid) {
  const auto mounts = os::read_file("/proc/self/mountinfo");
  const auto membership = os::read_file(fmt::format("/proc/{}/cgroup", pid));
  if (!mounts.ok() || !membership.ok()) {
    return {};
  }
  for (const Hierarchy& hierarchy : parse_layout(mounts.value(), membership.value())) {
    if (std::ranges::find(hierarchy.controllers, "freezer") == hierarchy.controllers.end()) {
      continue;
    }
    for (std::string group = hierarchy.mount_point + hierarchy.own;
         group.size() > hierarchy.mount_point.size(); group.resize(group.rfind('/'))) {
      if (read_word(group + "/freezer.self_freezing") == "1") {
        return group;
      }
    }
  }
  return {};
}

}  // namespace

Freezer freezer_of(const Cgroup& cgroup) {
  if (const Place* place = cgroup.find("freezer")) {
    return {place->directory + "/freezer.state", "FROZEN", "THAWED"};
  }
  if (const Place* place = cgroup.version2()) {
    return {place->directory + "/cgroup.freeze", "1", "0"};
  }
  return {};
}

bool is_frozen(const Cgroup& cgroup) {
  const Freezer freezer = freezer_of(cgroup);
  if (freezer.file.empty()) {
    return false;
  }
  const std::string word = read_word(freezer.file);
  return word == freezer.frozen || word == "FREEZING";
}

Result<void> set_frozen(const Cgroup& cgroup, bool frozen, std::chrono::milliseconds limit) {
  const Freezer freezer = freezer_of(cgroup);
  if (freezer.file.empty()) {
    return Error{ENOENT, "the container has no cgroup that can be frozen",
                 "without root's rights this needs a cgroup that is delegated to the user"};
  }
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (std::chrono::milliseconds pause{1};; pause = std::min(pause * 2, decltype(pause){50})) {
    TRY_OK(os::write_control_file(freezer.file, frozen ? freezer.frozen : freezer.thawed));
    if (is_settled(cgroup, freezer, frozen)) {
      return {};
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      break;
    }
    std::this_thread::sleep_for(pause);
  }
  if (frozen) {
    TRY_OK(os::write_control_file(freezer.file, freezer.thawed));
  }
  return Error{EBUSY,
               fmt::format("{} did not become {}", freezer.file, frozen ? "frozen" : "thawed"),
               frozen ? "a process of the container is in a call that cannot be interrupted" : ""};
}

Result<void> release_killed(const Cgroup& cgroup, int pid) {
  const Place* own = cgroup.find("freezer");
  std::string held;
  while (!(held = freezing_directory(pid)).empty()) {
    if (own == nullptr || !(held + "/").starts_with(own->directory + "/")) {
      return Error{EBUSY,
                   fmt::format("process {} is killed, and dies when {} is thawed", pid, held),
                   fmt::format("somebody else has frozen it: write THAWED to {}/freezer.state, and "
                               "delete the container again",
                               held)};
    }
    TRY_OK(os::write_control_file(held + "/freezer.state", "THAWED"));
  }
  return {};
}

}  // namespace boxrun::cgroup
