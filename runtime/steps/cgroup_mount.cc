#include "runtime/steps/cgroup_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>

#include "runtime/steps/mount_calls.h"
#include "runtime/steps/root_path.h"

namespace boxrun::steps {
namespace {

Outcome bind_view(const exec::CgroupView& view, const config::Mount& mount, Inside& inside) {
  const os::UniqueFd source{::open(view.host_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!source) {
    return Outcome::refused(errno, "open(\"%s\")", view.host_path.c_str());
  }
  std::array<char, PATH_MAX> path{};
  std::snprintf(path.data(), path.size(), "%s%s%s", mount.destination.c_str(),
                view.name.empty() ? "" : "/", view.name.c_str());
  os::UniqueFd target;
  STEP_OK(make_in_root(inside.root, path.data(), Leaf::Directory, target));
  const std::uint64_t flags =
      mount.options.set_flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME);
  return bind_over(inside.root, source, target, path.data(), /*recursive=*/false, flags);
}

}  // namespace

Outcome mount_cgroups(const config::Mount& mount, Inside& inside) {
  const auto& views = inside.prepared.cgroup_views;
  if (views.empty()) {
    inside.warn("the container has no cgroup of its own: %s stays empty",
                mount.destination.c_str());
    os::UniqueFd unused;
    return make_in_root(inside.root, mount.destination.c_str(), Leaf::Directory, unused);
  }
  if (views.size() == 1 && views.front().name.empty()) {
    return bind_view(views.front(), mount, inside);
  }
  const char* path = mount.destination.c_str();
  os::UniqueFd target;
  STEP_OK(make_in_root(inside.root, path, Leaf::Directory, target));
  if (::mount("tmpfs", FdPath{target}.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "mode=755") != 0) {
    return Outcome::refused(errno, "mount(\"tmpfs\", \"<rootfs>%s\", \"tmpfs\")", path);
  }
  os::UniqueFd made;
  STEP_OK(reopen_mount(inside.root, path, target, made));
  for (const exec::CgroupView& view : views) {
    STEP_OK(bind_view(view, mount, inside));
  }
  for (const auto& [name, link_target] : inside.prepared.cgroup_links) {
    if (::symlinkat(link_target.c_str(), made.get(), name.c_str()) != 0) {
      return Outcome::refused(errno, "symlink(\"%s\", \"<rootfs>%s/%s\")", link_target.c_str(),
                              path, name.c_str());
    }
  }
  if ((mount.options.set_flags & MS_RDONLY) != 0) {
    return change_flags(made, MS_RDONLY, 0, path);
  }
  return Outcome::done();
}

}  // namespace boxrun::steps
