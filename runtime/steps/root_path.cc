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

Outcome make_in_root(os::BorrowedFd root, const char* path, Leaf leaf, os::UniqueFd& opened) {
  opened = os::UniqueFd{open_in_root(root, path, O_PATH)};
  if (opened) {
    return Outcome::done();
  }
  if (errno != ENOENT) {
    return refuse_open(errno, path);
  }
  os::UniqueFd parent;
  std::array<char, 256> name{};
  STEP_OK(make_parent_in_root(root, path, parent, name));
  if (make_leaf(parent, name.data(), leaf) != 0 && errno != EEXIST) {
    return Outcome::refused(errno, "%s(\"<rootfs>%s\")",
                            leaf == Leaf::Directory ? "mkdir" : "open(O_CREAT)", path)
        .hint("%s", errno == EROFS ? "the mount point is missing and the filesystem is read-only: "
                                     "make it in the image"
                                   : "");
  }
  opened = os::UniqueFd{open_in_root(root, path, O_PATH)};
  return opened ? Outcome::done() : refuse_open(errno, path);
}

Outcome make_parent_in_root(os::BorrowedFd root, const char* path, os::UniqueFd& parent,
                            std::array<char, 256>& name) {
  // Component by component: each prefix is resolved anew from the root, so that links in it mean
  // what they mean to the container, and only a missing last component is made, in a directory
  // that is held by descriptor.
  std::array<char, PATH_MAX> prefix{};
  if (std::strlen(path) >= prefix.size()) {
    return refuse_open(ENAMETOOLONG, path);
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
        return Outcome::refused(errno, "mkdir(\"<rootfs>%s\")", prefix.data());
      }
      next = os::UniqueFd{open_in_root(root, prefix.data(), O_PATH | O_DIRECTORY)};
    }
    if (!next) {
      return refuse_open(errno, prefix.data());
    }
    parent = std::move(next);
  }
}

}  // namespace boxrun::steps
