#include "runtime/steps/copy_up.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

namespace boxrun::steps {
namespace {

/// Deeper trees would exhaust descriptors, two a level.
constexpr int kMaxDepth = 64;

Outcome refuse(const char* call, const char* path, const char* name) {
  const int err = errno;
  return Outcome::refused(err, "tmpcopyup: %s(\"<rootfs>%s/.../%s\")", call, path, name)
      .hint("%s", err == ENOSPC
                      ? "the tmpfs is too small for what the image has there: raise size= "
                        "or nr_inodes="
                      : "");
}

Outcome copy_bytes(int from, int to, const char* path, const char* name) {
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got == 0) {
      return Outcome::done();
    }
    if (got < 0) {
      return refuse("read", path, name);
    }
    for (ssize_t put = 0; put < got;) {
      const ssize_t wrote = ::write(to, buffer.data() + put, static_cast<std::size_t>(got - put));
      if (wrote < 0) {
        return refuse("write", path, name);
      }
      put += wrote;
    }
  }
}

Outcome copy_directory(int from, int to, const char* path, int depth);

Outcome copy_entry(int from, int to, const char* name, const char* path, int depth) {
  struct stat seen {};
  if (::fstatat(from, name, &seen, AT_SYMLINK_NOFOLLOW) != 0) {
    return refuse("fstatat", path, name);
  }
  const mode_t mode = seen.st_mode & 07777;
  if (S_ISLNK(seen.st_mode)) {
    std::array<char, PATH_MAX> target{};
    if (::readlinkat(from, name, target.data(), target.size() - 1) < 0 ||
        ::symlinkat(target.data(), to, name) != 0) {
      return refuse("symlinkat", path, name);
    }
  } else if (S_ISDIR(seen.st_mode)) {
    const os::UniqueFd source{
        ::openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!source || ::mkdirat(to, name, mode) != 0) {
      return refuse("mkdirat", path, name);
    }
    const os::UniqueFd made{::openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!made) {
      return refuse("openat", path, name);
    }
    STEP_OK(copy_directory(source.get(), made.get(), path, depth + 1));
  } else if (S_ISREG(seen.st_mode)) {
    const os::UniqueFd source{::openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
    const os::UniqueFd made{
        ::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!source || !made) {
      return refuse("openat", path, name);
    }
    STEP_OK(copy_bytes(source.get(), made.get(), path, name));
  } else if (::mknodat(to, name, seen.st_mode, seen.st_rdev) != 0) {
    return refuse("mknodat", path, name);
  }
  if (::fchownat(to, name, seen.st_uid, seen.st_gid, AT_SYMLINK_NOFOLLOW) != 0) {
    return refuse("fchownat", path, name);
  }
  // After the owner: a change of owner takes set-id bits away.
  if (!S_ISLNK(seen.st_mode) && ::fchmodat(to, name, mode, 0) != 0) {
    return refuse("fchmodat", path, name);
  }
  return Outcome::done();
}

Outcome copy_directory(int from, int to, const char* path, int depth) {
  if (depth > kMaxDepth) {
    errno = ELOOP;
    return refuse("copy", path, "");
  }
  const int duplicate = ::fcntl(from, F_DUPFD_CLOEXEC, 0);
  DIR* stream = duplicate < 0 ? nullptr : ::fdopendir(duplicate);
  if (stream == nullptr) {
    return refuse("opendir", path, "");
  }
  Outcome outcome = Outcome::done();
  while (const dirent* entry = ::readdir(stream)) {
    const char* name = static_cast<const char*>(entry->d_name);
    if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
      outcome = copy_entry(from, to, name, path, depth);
      if (outcome.failed()) {
        break;
      }
    }
  }
  ::closedir(stream);
  return outcome;
}

}  // namespace

Outcome copy_up(os::BorrowedFd covered, os::BorrowedFd fresh, const char* path) {
  // "." of an O_PATH descriptor opens what the descriptor shows, not what is mounted over it.
  const os::UniqueFd from{::openat(covered.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  const os::UniqueFd to{::openat(fresh.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!from || !to) {
    return refuse("open", path, "");
  }
  return copy_directory(from.get(), to.get(), path, 0);
}

}  // namespace boxrun::steps
