#include "runtime/criu/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <ranges>
#include <variant>

#include "runtime/exec/prepared.h"
#include "runtime/steps/root_path.h"
#include "tracer/base/procfs_text.h"
#include "tracer/os/file.h"

namespace boxrun::criu {
namespace {

bool is_cgroup(const config::Mount& mount) {
  return mount.type == "cgroup" || mount.type == "cgroup2";
}

bool is_below(const std::string& path, const std::string& directory) {
  return directory == "/" || (path.starts_with(directory) && path.size() > directory.size() &&
                              path[directory.size()] == '/');
}

void add_cgroups(const std::string& destination, const cgroup::Cgroup& cgroup,
                 std::vector<ExternalMount>& all) {
  for (const cgroup::Place& place : cgroup.places) {
    const std::string name = exec::cgroup_place_name(place, cgroup.places.size());
    all.push_back(
        {name.empty() ? destination : fmt::format("{}/{}", destination, name), place.directory});
  }
}

Error from_outcome(const steps::Outcome& outcome) {
  return Error{outcome.err(), outcome.call(), outcome.hint_text()};
}

/// The mount that lies at `destination`, if it shows a part of a filesystem that is not all its
/// own.
const base::MountInfo* find_mount(const ExternalMount& mount, os::BorrowedFd root,
                                  const std::vector<base::MountInfo>& table) {
  const os::UniqueFd place{steps::open_in_root(root, mount.destination.c_str(), O_PATH)};
  struct statx seen {};
  if (!place || ::statx(place.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &seen) != 0 ||
      (seen.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0) {
    return nullptr;
  }
  const auto found = std::ranges::find(table, seen.stx_mnt_id, &base::MountInfo::id);
  return found == table.end() ? nullptr : &*found;
}

/// The nearest mount of the plan that `destination` lies on; nullptr: on the root filesystem.
const config::Mount* mount_below(const std::vector<const config::Mount*>& earlier,
                                 const std::string& destination) {
  const config::Mount* nearest = nullptr;
  for (const config::Mount* mount : earlier) {
    if (is_below(destination, mount->destination) &&
        (nearest == nullptr || mount->destination.size() >= nearest->destination.size())) {
      nearest = mount;
    }
  }
  return nearest;
}

Result<void> make_mount_point(const config::Mount& mount, const config::Mount* below,
                              const std::string& rootfs) {
  const std::string& tree = below == nullptr ? rootfs : below->source;
  const std::string path =
      below == nullptr ? mount.destination : mount.destination.substr(below->destination.size());
  TRY(const os::UniqueFd root, os::open_file(tree, O_PATH | O_DIRECTORY));
  struct stat seen {};
  const bool is_file =
      mount.is_bind() && ::stat(mount.source.c_str(), &seen) == 0 && !S_ISDIR(seen.st_mode);
  os::UniqueFd made;
  const steps::Outcome outcome = steps::make_in_root(
      root, path.c_str(), is_file ? steps::Leaf::File : steps::Leaf::Directory, made);
  return outcome.failed() ? Result<void>{from_outcome(outcome)} : Result<void>{};
}

}  // namespace

Result<std::vector<ExternalMount>> external_mounts(const plan::Plan& plan,
                                                   const cgroup::Cgroup& cgroup) {
  std::vector<ExternalMount> all;
  for (const plan::Step& step : plan.steps) {
    if (const auto* one = std::get_if<plan::MountOne>(&step.action)) {
      const config::Mount& mount = one->mount;
      if (mount.has_idmap()) {
        return Error{
            0, fmt::format("{}: criu cannot make a mount with mapped ids again", step.setting), {}};
      }
      if (is_cgroup(mount)) {
        add_cgroups(mount.destination, cgroup, all);
      } else if (mount.is_bind()) {
        all.push_back({mount.destination, mount.source});
      }
    } else if (const auto* device = std::get_if<plan::MakeDevice>(&step.action)) {
      if (device->by_bind && device->device.type != config::DeviceType::Fifo) {
        all.push_back({device->device.path, device->device.path});
      }
    } else if (const auto* mask = std::get_if<plan::Mask>(&step.action)) {
      all.push_back({mask->path, "/dev/null"});
    }
  }
  return all;
}

Result<std::vector<Pair>> locate_mounts(const std::vector<ExternalMount>& mounts, int init) {
  TRY(const std::string text, os::read_file(fmt::format("/proc/{}/mountinfo", init)));
  const std::vector<base::MountInfo> table = base::parse_mountinfo(text);
  TRY(const os::UniqueFd root,
      os::open_file(fmt::format("/proc/{}/root", init), O_PATH | O_DIRECTORY));
  std::vector<Pair> located;
  for (const ExternalMount& mount : mounts) {
    const base::MountInfo* found = find_mount(mount, root, table);
    // A directory is masked by a tmpfs of its own.
    const bool is_own = found != nullptr && mount.source == "/dev/null" && found->root == "/";
    const bool is_known =
        found != nullptr && std::ranges::count(located, found->target, &Pair::key) != 0;
    if (found != nullptr && !is_own && !is_known) {
      located.push_back({found->target, mount.destination});
    }
  }
  return located;
}

Result<void> make_mount_points(const plan::Plan& plan, const std::string& rootfs) {
  std::vector<const config::Mount*> earlier;
  for (const plan::Step& step : plan.steps) {
    const auto* one = std::get_if<plan::MountOne>(&step.action);
    if (one == nullptr) {
      continue;
    }
    const config::Mount* below = mount_below(earlier, one->mount.destination);
    if (below == nullptr || below->is_bind()) {
      TRY_OK(make_mount_point(one->mount, below, rootfs).within(step.setting));
    }
    earlier.push_back(&one->mount);
  }
  return {};
}

}  // namespace boxrun::criu
