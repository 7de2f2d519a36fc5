#pragma once
// Files read and written whole, with every failure a Result that names the call and the path. All
// descriptors are opened with O_CLOEXEC, and all calls are repeated on EINTR.

#include <fcntl.h>
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/base/result.h"
#include "tracer/os/fd.h"

namespace boxtrace::os {

/// An Error with the present errno: `open("/x")`, and a hint if there is one.
[[nodiscard]] base::Error errno_error(std::string what, std::string hint = {});

/// openat(2) with O_CLOEXEC added to `flags`.
[[nodiscard]] base::Result<UniqueFd> open_file(const std::string& path, int flags = O_RDONLY,
                                               mode_t mode = 0644);
[[nodiscard]] base::Result<UniqueFd> open_file_at(BorrowedFd directory, const std::string& path,
                                                  int flags = O_RDONLY, mode_t mode = 0644);

/// All that can be read until end of file, at most `limit` bytes. Fit for /proc, where st_size is
/// 0 and one read(2) of a long file gives only a part.
[[nodiscard]] base::Result<std::string> read_file(const std::string& path,
                                                  std::size_t limit = std::size_t{1} << 30);
[[nodiscard]] base::Result<std::string> read_file_at(BorrowedFd directory, const std::string& path,
                                                     std::size_t limit = std::size_t{1} << 30);
[[nodiscard]] base::Result<std::string> read_all(BorrowedFd fd,
                                                 std::size_t limit = std::size_t{1} << 30);

/// The target of a symbolic or magic link, not resolved further, not terminated, of any length.
[[nodiscard]] base::Result<std::string> read_link(const std::string& path);
[[nodiscard]] base::Result<std::string> read_link_at(BorrowedFd directory, const std::string& path);

/// All of `bytes`, over as many write(2) calls as it takes.
[[nodiscard]] base::Result<void> write_all(BorrowedFd fd, std::string_view bytes);

/// `bytes` into an existing file with a single write(2), as the control files of /proc and of
/// cgroups want it (a second write would be a second command). A short write is an error. The file
/// is neither created nor truncated.
[[nodiscard]] base::Result<void> write_control_file(const std::string& path,
                                                    std::string_view bytes);

/// Creates or replaces a file.
[[nodiscard]] base::Result<void> write_file(const std::string& path, std::string_view bytes,
                                            mode_t mode = 0644);

/// The names in a directory without `.` and `..`, sorted by byte value.
[[nodiscard]] base::Result<std::vector<std::string>> list_directory(const std::string& path);
[[nodiscard]] base::Result<std::vector<std::string>> list_directory_at(BorrowedFd directory,
                                                                       const std::string& path);

}  // namespace boxtrace::os
