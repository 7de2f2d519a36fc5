#include "runtime/steps/root_path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace boxrun::steps {
namespace {

/// EAGAIN: a rename somewhere made the kernel unsure that the walk stayed inside. openat2(2).
constexpr int kAttempts = 128;

Outcome refuse_open(int err, const char* path) {
  Outcome outcome = Outcome::refused(err, "openat2(\"<rootfs>%s\", RESOLVE_IN_ROOT)", path);
  if (err == ENOSYS) {
    outcome.hint("boxrun needs openat2(2), which Linux has since 5.6");
  } else if (err == ELOOP) {
    outcome.hint("a symbolic link in the path leads nowhere or to itself");
  } else if (err == ENOTDIR) {
    outcome.hint("a part of the path that should be a directory is a file in the image");
  }
  return outcome;
}

int make_leaf(os::BorrowedFd parent, const char* name, Leaf leaf) {
  if (leaf == Leaf::Directory) {
    return ::mkdirat(parent.get(), name, 0755);
  }
  const int fd =
      ::openat(parent.get(), name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) {
    return -1;
  }
  ::close(fd);
  return 0;
}

/// Writes `<directory of the last component of prefix>/<target>/<rest>` into `path`, or just
/// `<target>/<rest>` for an absolute target.
bool substitute_link(const char* prefix, const char* target, std::string_view rest,
                     std::array<char, PATH_MAX>& path) {
  const char* slash = std::strrchr(prefix, '/');
  const int parent = target[0] == '/' || slash == nullptr ? 0 : static_cast<int>(slash - prefix);
  // No slash at the end: it would say that a file is a directory.
  const int size =
      std::snprintf(path.data(), path.size(), "%.*s/%s%s%.*s", parent, prefix, target,
                    rest.empty() ? "" : "/", static_cast<int>(rest.size()), rest.data());
  return size > 0 && static_cast<std::size_t>(size) < path.size();
}

/// A link whose target is missing: the container would find it inside, so there it is made.
/// @returns false with errno when `name` in `parent` is no link.
bool follow_dangling(os::BorrowedFd parent, const char* name, const char* prefix,
                     std::string_view rest, std::array<char, PATH_MAX>& path) {
  std::array<char, PATH_MAX> target{};
  if (::readlinkat(parent.get(), name, target.data(), target.size() - 1) < 0) {
    errno = ENOENT;  // it was no link, and has gone
    return false;
  }
  if (!substitute_link(prefix, target.data(), rest, path)) {
    errno = ENAMETOOLONG;
    return false;
  }
  return true;
}

/// As many as the kernel follows in one path. path_resolution(7).
constexpr int kMaxLinks = 40;

Outcome make_parent(os::BorrowedFd root, const char* path, os::UniqueFd& parent,
                    std::array<char, 256>& name, int links);

Outcome make_path(os::BorrowedFd root, const char* path, Leaf leaf, os::UniqueFd& opened,
                  int links) {
  opened = os::UniqueFd{open_in_root(root, path, O_PATH)};
  if (opened) {
    return Outcome::done();
  }
  if (errno != ENOENT || links > kMaxLinks) {
    return refuse_open(links > kMaxLinks ? ELOOP : errno, path);
  }
  os::UniqueFd parent;
  std::array<char, 256> name{};
  STEP_OK(make_parent(root, path, parent, name, links));
  if (make_leaf(parent, name.data(), leaf) != 0 && errno != EEXIST) {
    const int err = errno;
    return Outcome::refused(err, "%s(\"<rootfs>%s\")",
                            leaf == Leaf::Directory ? "mkdir" : "open(O_CREAT)", path)
        .hint("%s", hint_for_making(err));
  }
  opened = os::UniqueFd{open_in_root(root, path, O_PATH)};
  if (opened) {
    return Outcome::done();
  }
  std::array<char, PATH_MAX> target{};
  if (errno != ENOENT || !follow_dangling(parent, name.data(), path, {}, target)) {
    return refuse_open(errno, path);
  }
  return make_path(root, target.data(), leaf, opened, links + 1);
}

Outcome make_parent(os::BorrowedFd root, const char* path, os::UniqueFd& parent,
                    std::array<char, 256>& name, int links) {
  // Component by component: each prefix is resolved anew from the root, so that links in it mean
  // what they mean to the container, and only a missing last component is made, in a directory
  // that is held by descriptor.
  std::array<char, PATH_MAX> prefix{};
  if (std::strlen(path) >= prefix.size() || links > kMaxLinks) {
    return refuse_open(links > kMaxLinks ? ELOOP : ENAMETOOLONG, path);
  }
  parent = os::UniqueFd{open_in_root(root, "/", O_PATH | O_DIRECTORY)};
  if (!parent) {
    return refuse_open(errno, "/");
  }
  std::string_view rest{path};
  std::size_t length = 0;
  for (;;) {
    rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
    const std::string_view component = rest.substr(0, rest.find('/'));
    rest.remove_prefix(component.size());
    if (component.empty() || component.size() >= name.size()) {
      return refuse_open(component.empty() ? EISDIR : ENAMETOOLONG, path);
    }
    std::memcpy(name.data(), component.data(), component.size());
    name[component.size()] = '\0';
    if (rest.find_first_not_of('/') == std::string_view::npos) {
      return Outcome::done();
    }
    prefix[length++] = '/';
    std::memcpy(prefix.data() + length, component.data(), component.size());
    length += component.size();
    prefix[length] = '\0';
    os::UniqueFd next{open_in_root(root, prefix.data(), O_PATH | O_DIRECTORY)};
    if (!next && errno == ENOENT && component != "..") {
      if (::mkdirat(parent.get(), name.data(), 0755) != 0 && errno != EEXIST) {
        const int err = errno;
        return Outcome::refused(err, "mkdir(\"<rootfs>%s\")", prefix.data())
            .hint("%s", hint_for_making(err));
      }
      next = os::UniqueFd{open_in_root(root, prefix.data(), O_PATH | O_DIRECTORY)};
      std::array<char, PATH_MAX> target{};
      if (!next && errno == ENOENT &&
          follow_dangling(parent, name.data(), prefix.data(), rest, target)) {
        return make_parent(root, target.data(), parent, name, links + 1);
      }
    }
    if (!next) {
      return refuse_open(errno, prefix.data());
    }
    parent = std::move(next);
  }
}

}  // namespace

FdPath::FdPath(os::BorrowedFd fd) {
  std::snprintf(text_.data(), text_.size(), "/proc/self/fd/%d", fd.get());
}

int open_in_root(os::BorrowedFd root, const char* path, int flags, std::uint64_t more_resolve) {
  open_how how{};
  how.flags = static_cast<__u64>(flags | O_CLOEXEC);
  how.resolve = static_cast<__u64>(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | more_resolve);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const long fd = ::syscall(SYS_openat2, root.get(), path, &how, sizeof how);
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) {
      return static_cast<int>(fd);
    }
  }
  return -1;
}

const char* hint_for_making(int err) {
  return err == EROFS
             ? "the mount point is missing and the filesystem is read-only: make it in the "
               "image"
         : err == ENOSPC || err == EDQUOT
             ? "the filesystem is full, of bytes or of inodes (df, df -i): a tmpfs takes more with "
               "size= and nr_inodes="
             : "";
}

Outcome make_in_root(os::BorrowedFd root, const char* path, Leaf leaf, os::UniqueFd& opened) {
  return make_path(root, path, leaf, opened, 0);
}

Outcome make_parent_in_root(os::BorrowedFd root, const char* path, os::UniqueFd& parent,
                            std::array<char, 256>& name) {
  return make_parent(root, path, parent, name, 0);
}

}  // namespace boxrun::steps
