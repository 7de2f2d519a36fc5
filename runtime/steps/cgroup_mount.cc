#include "runtime/steps/cgroup_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/steps/mount_calls.h"
#include "runtime/steps/root_path.h"

namespace boxrun::steps {
namespace {

/// The place alone becomes the directory that the mount is asked for.
Outcome show_whole(const exec::CgroupPlace& place, std::uint64_t flags, const char* path,
                   Inside& inside) {
  os::UniqueFd target;
  STEP_OK(make_in_root(inside.root, path, Leaf::Directory, target));
  os::UniqueFd tree;
  STEP_OK(
      clone_tree(os::kWorkingDirectory, place.directory.c_str(), /*recursive=*/false, flags, tree));
  return attach_tree(tree, target, "", path);
}

/// Becomes a directory of `shelf`, a tmpfs that nobody else can have opened yet.
Outcome show_in(os::BorrowedFd shelf, const exec::CgroupPlace& place, std::uint64_t flags,
                const char* path) {
  const char* name = place.name.c_str();
  os::UniqueFd tree;
  STEP_OK(
      clone_tree(os::kWorkingDirectory, place.directory.c_str(), /*recursive=*/false, flags, tree));
  if (::mkdirat(shelf.get(), name, 0755) != 0) {
    return Outcome::refused(errno, "mkdir(\"<rootfs>%s/%s\")", path, name);
  }
  STEP_OK(attach_tree(tree, shelf, name, path));
  for (const std::string& link : place.links) {
    if (::symlinkat(name, shelf.get(), link.c_str()) != 0) {
      return Outcome::refused(errno, "symlink(\"%s\", \"<rootfs>%s/%s\")", name, path,
                              link.c_str());
    }
  }
  return Outcome::done();
}

}  // namespace

Outcome mount_cgroups(const config::Mount& mount, Inside& inside) {
  const auto& places = inside.prepared.cgroup_places;
  const char* path = mount.destination.c_str();
  const std::uint64_t flags =
      mount.options.set_flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME);
  if (inside.cgroup_places == 0) {
    inside.warn("the container has no cgroup of its own: %s stays empty", path);
    os::UniqueFd unused;
    return make_in_root(inside.root, path, Leaf::Directory, unused);
  }
  if (places.size() == 1 && places.front().name.empty()) {
    return show_whole(places.front(), flags, path, inside);
  }
  os::UniqueFd target;
  STEP_OK(make_in_root(inside.root, path, Leaf::Directory, target));
  if (::mount("tmpfs", FdPath{target}.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "mode=755") != 0) {
    return Outcome::refused(errno, "mount(\"tmpfs\", \"<rootfs>%s\", \"tmpfs\")", path);
  }
  os::UniqueFd made;
  STEP_OK(reopen_mount(inside.root, path, target, made));
  for (std::size_t i = 0; i < places.size(); ++i) {
    if ((inside.cgroup_places >> i & 1) != 0) {
      STEP_OK(show_in(made, places[i], flags, path));
    }
  }
  return (mount.options.set_flags & MS_RDONLY) != 0 ? change_flags(made, MS_RDONLY, 0, path)
                                                    : Outcome::done();
}

}  // namespace boxrun::steps
