#include "runtime/cgroup/freezer.h"

#include <errno.h>
#include <fmt/format.h>

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

}  // namespace boxrun::cgroup
