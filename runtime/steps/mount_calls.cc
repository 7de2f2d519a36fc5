#include "runtime/steps/mount_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "runtime/steps/root_path.h"

namespace boxrun::steps {

std::uint64_t present_flags(unsigned long seen) {
  constexpr struct {
    unsigned long st;
    std::uint64_t ms;
  } kPairs[] = {
      {ST_RDONLY, MS_RDONLY},     {ST_NOSUID, MS_NOSUID},           {ST_NODEV, MS_NODEV},
      {ST_NOEXEC, MS_NOEXEC},     {ST_NOATIME, MS_NOATIME},         {ST_NODIRATIME, MS_NODIRATIME},
      {ST_RELATIME, MS_RELATIME}, {ST_SYNCHRONOUS, MS_SYNCHRONOUS}, {ST_MANDLOCK, MS_MANDLOCK}};
  std::uint64_t flags = 0;
  for (const auto& pair : kPairs) {
    flags |= (seen & pair.st) != 0 ? pair.ms : 0;
  }
  return flags;
}

Outcome reopen_mount(os::BorrowedFd root, const char* path, os::BorrowedFd covered,
                     os::UniqueFd& made) {
  made = os::UniqueFd{open_in_root(root, path, O_PATH)};
  if (!made) {
    return Outcome::refused(errno, "openat2(\"<rootfs>%s\") after mounting on it", path);
  }
  struct statx before {};
  struct statx after {};
  if (::statx(covered.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &before) != 0 ||
      ::statx(made.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &after) != 0) {
    return Outcome::refused(errno, "statx(\"<rootfs>%s\", STATX_MNT_ID)", path);
  }
  if (before.stx_mnt_id == after.stx_mnt_id) {
    return Outcome::refused(EXDEV, "the path \"<rootfs>%s\" changed while it was mounted on", path)
        .hint("another process renames directories of the root filesystem");
  }
  return Outcome::done();
}

Outcome change_flags(os::BorrowedFd mount, std::uint64_t set, std::uint64_t clear,
                     const char* path) {
  struct statvfs seen {};
  if (::fstatvfs(mount.get(), &seen) != 0) {
    return Outcome::refused(errno, "fstatvfs(\"<rootfs>%s\")", path);
  }
  const std::uint64_t present = present_flags(seen.f_flag);
  std::uint64_t wanted = (present & ~clear) | set;
  constexpr std::uint64_t kAccessTime = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;
  if ((set & kAccessTime) != 0) {
    wanted = (wanted & ~kAccessTime) | (set & kAccessTime);
  }
  if (wanted == present) {
    return Outcome::done();
  }
  if (::mount(nullptr, FdPath{mount}.c_str(), nullptr,
              static_cast<unsigned long>(MS_REMOUNT | MS_BIND | wanted), nullptr) == 0) {
    return Outcome::done();
  }
  const int err = errno;
  return Outcome::refused(err, "mount(\"<rootfs>%s\", MS_REMOUNT|MS_BIND|0x%llx)", path,
                          static_cast<unsigned long long>(wanted))
      .hint("%s", err == EPERM && (present & ~wanted) != 0
                      ? "the source has flags (ro, nosuid, nodev, noexec, atime) that a user "
                        "namespace may not take away: add them to the options"
                      : "");
}

Outcome clone_tree(os::BorrowedFd directory, const char* source, bool recursive,
                   std::uint64_t flags, os::UniqueFd& tree) {
  const unsigned how = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
                       (recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U);
  tree = os::UniqueFd{::open_tree(directory.get(), source, how)};
  if (!tree) {
    return Outcome::refused(errno, "open_tree(\"%s\", OPEN_TREE_CLONE)", source);
  }
  mount_attr attributes{};
  constexpr struct {
    std::uint64_t ms;
    __u64 attribute;
  } kPairs[] = {{MS_RDONLY, MOUNT_ATTR_RDONLY},
                {MS_NOSUID, MOUNT_ATTR_NOSUID},
                {MS_NODEV, MOUNT_ATTR_NODEV},
                {MS_NOEXEC, MOUNT_ATTR_NOEXEC}};
  for (const auto& pair : kPairs) {
    attributes.attr_set |= (flags & pair.ms) != 0 ? pair.attribute : 0;
  }
  if ((flags & MS_RELATIME) != 0) {
    attributes.attr_clr = MOUNT_ATTR__ATIME;
    attributes.attr_set |= MOUNT_ATTR_RELATIME;
  }
  if ((attributes.attr_set | attributes.attr_clr) != 0 &&
      ::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    return Outcome::refused(errno, "mount_setattr(\"%s\", 0x%llx)", source,
                            static_cast<unsigned long long>(attributes.attr_set))
        .hint("%s", errno == ENOSYS ? "boxrun needs Linux 5.12 for this" : "");
  }
  return Outcome::done();
}

Outcome attach_tree(os::BorrowedFd tree, os::BorrowedFd directory, const char* name,
                    const char* path) {
  if (::move_mount(tree.get(), "", directory.get(), name,
                   MOVE_MOUNT_F_EMPTY_PATH | (*name == '\0' ? MOVE_MOUNT_T_EMPTY_PATH : 0U)) == 0) {
    return Outcome::done();
  }
  return Outcome::refused(errno, "move_mount(\"<rootfs>%s\")", path);
}

Outcome bind_over(os::BorrowedFd source, os::BorrowedFd target, const char* path, bool recursive,
                  std::uint64_t flags) {
  if (flags != 0) {
    os::UniqueFd tree;
    STEP_OK(clone_tree(source, "", recursive, flags, tree));
    return attach_tree(tree, target, "", path);
  }
  if (::mount(FdPath{source}.c_str(), FdPath{target}.c_str(), nullptr,
              MS_BIND | (recursive ? static_cast<unsigned long>(MS_REC) : 0UL), nullptr) != 0) {
    return Outcome::refused(errno, "mount(\"<rootfs>%s\", MS_BIND%s)", path,
                            recursive ? "|MS_REC" : "");
  }
  return Outcome::done();
}

}  // namespace boxrun::steps
