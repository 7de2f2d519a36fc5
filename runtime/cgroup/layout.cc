#include "runtime/cgroup/layout.h"

#include <algorithm>
#include <optional>

#include "runtime/aliases.h"
#include "tracer/base/procfs_text.h"

namespace boxrun::cgroup {
namespace {

struct Membership {
  std::vector<std::string> controllers;
  std::string path;
};

/// Lines such as `4:memory:/user` and `0::/`.
std::vector<Membership> parse_membership(std::string_view text) {
  std::vector<Membership> all;
  for (const std::string_view line : base::split(text, '\n')) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) {
      continue;
    }
    Membership membership;
    membership.path = line.substr(second + 1);
    const std::string_view names = line.substr(first + 1, second - first - 1);
    if (!names.empty()) {
      for (const std::string_view name : base::split(names, ',')) {
        membership.controllers.emplace_back(name);
      }
    }
    all.push_back(std::move(membership));
  }
  return all;
}

bool is_mount_of(const base::MountInfo& mount, const Membership& membership) {
  if (membership.controllers.empty()) {
    return mount.fstype == "cgroup2";
  }
  if (mount.fstype != "cgroup") {
    return false;
  }
  const auto options = base::split(mount.super_options, ',');
  return std::ranges::all_of(membership.controllers, [&options](const std::string& name) {
    return std::ranges::find(options, name) != options.end();
  });
}

/// `own` without the part above the mounted root; a mount may show only a subtree.
std::string below_root(const std::string& own, const std::string& root) {
  if (root == "/" || !own.starts_with(root)) {
    return own;
  }
  const std::string rest = own.substr(root.size());
  return rest.empty() ? "/" : rest;
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string join_path(const std::string& left, const std::string& right) {
  std::string path = left;
  for (const std::string_view part : base::split(right, '/')) {
    if (!part.empty() && part != ".") {
      path += path.ends_with('/') ? "" : "/";
      path += part;
    }
  }
  return path;
}

}  // namespace

std::vector<Hierarchy> parse_layout(std::string_view mountinfo, std::string_view membership) {
  const auto mounts = base::parse_visible_mounts(mountinfo);
  std::vector<Hierarchy> hierarchies;
  for (const Membership& line : parse_membership(membership)) {
    // The last mount on a place is the one that a path reaches.
    const auto mount = std::find_if(
        mounts.rbegin(), mounts.rend(),
        [&line](const base::MountInfo& candidate) { return is_mount_of(candidate, line); });
    if (mount != mounts.rend()) {
      hierarchies.push_back({line.controllers.empty(), line.controllers, mount->target,
                             below_root(line.path, mount->root)});
    }
  }
  return hierarchies;
}

std::string container_directory(const Hierarchy& hierarchy, const std::string& path) {
  if (path.starts_with('/')) {
    return join_path(hierarchy.mount_point, path);
  }
  const std::string base = hierarchy.version2 ? parent_of(hierarchy.own) : hierarchy.own;
  return join_path(join_path(hierarchy.mount_point, base), path);
}

}  // namespace boxrun::cgroup
