#include "tracer/os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>

#include "tracer/base/text.h"

namespace boxtrace::os {
namespace {

std::string call_text(std::string_view call, const std::string& path) {
  return fmt::format("{}({})", call, base::quote(path));
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using UniqueDirectory = std::unique_ptr<DIR, CloseDirectory>;

}  // namespace

base::Error errno_error(std::string what, std::string hint) {
  return base::Error{errno, std::move(what), std::move(hint)};
}

base::Result<UniqueFd> open_file(const std::string& path, int flags, mode_t mode) {
  return open_file_at(kWorkingDirectory, path, flags, mode);
}

base::Result<UniqueFd> open_file_at(BorrowedFd directory, const std::string& path, int flags,
                                    mode_t mode) {
  int fd = -1;
  do {
    fd = ::openat(directory.get(), path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) {
    return errno_error(call_text("open", path));
  }
  return UniqueFd{fd};
}

base::Result<std::string> read_all(BorrowedFd fd, std::size_t limit) {
  std::string bytes;
  // Most files of /proc fit into a page; mountinfo grows beyond it.
  std::array<char, 8192> buffer{};
  while (bytes.size() < limit) {
    const ssize_t got =
        ::read(fd.get(), buffer.data(), std::min(buffer.size(), limit - bytes.size()));
    if (got < 0) {
      if (errno == EINTR) {
        continue;
      }
      return errno_error(fmt::format("read(fd {})", fd.get()));
    }
    if (got == 0) {
      break;
    }
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return bytes;
}

base::Result<std::string> read_file(const std::string& path, std::size_t limit) {
  return read_file_at(kWorkingDirectory, path, limit);
}

base::Result<std::string> read_file_at(BorrowedFd directory, const std::string& path,
                                       std::size_t limit) {
  TRY(const UniqueFd fd, open_file_at(directory, path));
  auto bytes = read_all(fd, limit);
  if (!bytes.ok()) {
    return base::Error{bytes.error().err, call_text("read", path), {}};
  }
  return bytes;
}

base::Result<std::string> read_link(const std::string& path) {
  return read_link_at(kWorkingDirectory, path);
}

base::Result<std::string> read_link_at(BorrowedFd directory, const std::string& path) {
  std::string target(256, '\0');
  for (;;) {
    const ssize_t got = ::readlinkat(directory.get(), path.c_str(), target.data(), target.size());
    if (got < 0) {
      return errno_error(call_text("readlink", path));
    }
    if (static_cast<std::size_t>(got) < target.size()) {
      target.resize(static_cast<std::size_t>(got));
      return target;
    }
    target.resize(target.size() * 4);  // it may have been cut: readlink(2) does not say
  }
}

base::Result<void> write_all(BorrowedFd fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd.get(), bytes.data(), bytes.size());
    if (put < 0) {
      if (errno == EINTR) {
        continue;
      }
      return errno_error(fmt::format("write(fd {})", fd.get()));
    }
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

base::Result<void> write_control_file(const std::string& path, std::string_view bytes) {
  TRY(const UniqueFd fd, open_file(path, O_WRONLY));
  ssize_t put = 0;
  do {
    put = ::write(fd.get(), bytes.data(), bytes.size());
  } while (put < 0 && errno == EINTR);
  const std::string what =
      fmt::format("write({}, {})", base::quote(path), base::quote(base::trim(bytes)));
  if (put < 0) {
    return errno_error(what);
  }
  if (static_cast<std::size_t>(put) != bytes.size()) {
    return base::Error{
        EIO, fmt::format("{}: the kernel took {} of {} bytes", what, put, bytes.size()), {}};
  }
  return {};
}

base::Result<void> write_file(const std::string& path, std::string_view bytes, mode_t mode) {
  TRY(const UniqueFd fd, open_file(path, O_WRONLY | O_CREAT | O_TRUNC, mode));
  const auto written = write_all(fd, bytes);
  if (!written.ok()) {
    return base::Error{written.error().err, call_text("write", path), {}};
  }
  return {};
}

base::Result<std::vector<std::string>> list_directory(const std::string& path) {
  return list_directory_at(kWorkingDirectory, path);
}

base::Result<std::vector<std::string>> list_directory_at(BorrowedFd directory,
                                                         const std::string& path) {
  TRY(UniqueFd fd, open_file_at(directory, path, O_RDONLY | O_DIRECTORY));
  const UniqueDirectory stream{::fdopendir(fd.get())};
  if (stream == nullptr) {
    return errno_error(call_text("opendir", path));
  }
  // closedir(3) closes the descriptor from here on.
  static_cast<void>(fd.release());
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) {
      break;
    }
    const std::string_view name = static_cast<const char*>(entry->d_name);
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  if (errno != 0) {
    return errno_error(call_text("readdir", path));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace boxtrace::os
