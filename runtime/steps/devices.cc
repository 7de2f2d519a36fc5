// Device nodes.
//
// mknod(2) of a device takes CAP_MKNOD in the first user namespace, so inside another one the
// host's node is bound instead. Nodes and links are made relative to the descriptor of a directory
// opened below the root: an image whose /dev is a link to the host's would otherwise have them made
// there. CVE-2026-41579.
//
// Sources: mknod(2); runtime-spec config-linux.md, "Devices", "Default Devices".

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "runtime/steps/mount_calls.h"
#include "runtime/steps/root_path.h"
#include "runtime/steps/steps.h"

namespace boxrun::steps {
namespace {

using config::Device;
using config::DeviceType;

mode_t format_of(DeviceType type) {
  return type == DeviceType::Char ? S_IFCHR : type == DeviceType::Block ? S_IFBLK : S_IFIFO;
}

bool is_same_device(const struct stat& seen, const Device& device) {
  return (seen.st_mode & S_IFMT) == format_of(device.type) &&
         (device.type == DeviceType::Fifo || seen.st_rdev == makedev(device.major, device.minor));
}

Outcome bind_device(const Device& device, Inside& inside) {
  const char* path = device.path.c_str();
  const os::UniqueFd source{::open(path, O_PATH | O_CLOEXEC)};
  struct stat seen {};
  if (!source || ::fstat(source.get(), &seen) != 0) {
    return Outcome::refused(errno, "open(\"%s\") of the host", path)
        .hint("in a user namespace a device node cannot be made, only the host's can be shown");
  }
  if (!is_same_device(seen, device)) {
    return Outcome::refused(ENODEV, "%s of the host is not the device %c %u:%u", path,
                            static_cast<char>(device.type), device.major, device.minor);
  }
  os::UniqueFd target;
  STEP_OK(make_in_root(inside.root, path, Leaf::File, target));
  return bind_over(source, target, path, /*recursive=*/false, 0);
}

}  // namespace

Outcome run(const plan::MakeDevice& step, Inside& inside) {
  const Device& device = step.device;
  const char* path = device.path.c_str();
  if (step.by_bind && device.type != DeviceType::Fifo) {
    return bind_device(device, inside);
  }
  os::UniqueFd parent;
  std::array<char, 256> name{};
  STEP_OK(make_parent_in_root(inside.root, path, parent, name));
  if (::mknodat(parent.get(), name.data(), format_of(device.type) | 0600,
                makedev(device.major, device.minor)) != 0) {
    const int err = errno;
    struct stat seen {};
    if (err == EEXIST && ::fstatat(parent.get(), name.data(), &seen, AT_SYMLINK_NOFOLLOW) == 0 &&
        is_same_device(seen, device)) {
      return Outcome::done();
    }
    return Outcome::refused(err, "mknod(\"<rootfs>%s\", %c, %u:%u)", path,
                            static_cast<char>(device.type), device.major, device.minor)
        .hint("%s", err == EEXIST  ? "another file is there already"
                    : err == EPERM ? "needs CAP_MKNOD and a devices cgroup that allows it"
                                   : hint_for_making(err));
  }
  // fchmodat and not the mode of mknod(2), which the umask of the caller would cut.
  if (::fchmodat(parent.get(), name.data(), static_cast<mode_t>(device.mode & 07777), 0) != 0 ||
      ::fchownat(parent.get(), name.data(), device.uid, device.gid, AT_SYMLINK_NOFOLLOW) != 0) {
    return Outcome::refused(errno, "chown(\"<rootfs>%s\", %u, %u)", path, device.uid, device.gid);
  }
  return Outcome::done();
}

Outcome run(const plan::MakeLink& step, Inside& inside) {
  const char* path = step.path.c_str();
  os::UniqueFd parent;
  std::array<char, 256> name{};
  STEP_OK(make_parent_in_root(inside.root, path, parent, name));
  if (::symlinkat(step.target.c_str(), parent.get(), name.data()) == 0) {
    return Outcome::done();
  }
  if (errno == EEXIST) {
    return Outcome::done();  // the image has its own, which it may well need
  }
  if (errno == EROFS) {
    inside.warn("%s is not made: the filesystem is read-only", path);
    return Outcome::done();
  }
  const int err = errno;
  return Outcome::refused(err, "symlink(\"%s\", \"<rootfs>%s\")", step.target.c_str(), path)
      .hint("%s", hint_for_making(err));
}

}  // namespace boxrun::steps
