#pragma once
// Paths inside the root filesystem, resolved as the container will resolve them.
//
// A bundle's root filesystem is untrusted: `dev` may be a symbolic link to `/etc` of the host, and
// while boxrun works another container may swap directories in a shared volume. A path string that
// was checked is therefore worthless a moment later. openat2(2) with RESOLVE_IN_ROOT resolves a
// path as if the descriptor were `/`: absolute links and `..` stay inside, in one atomic walk. From
// then on only the descriptor is used, through /proc/self/fd/N of the host's procfs, which no
// container can replace before pivot_root.
//
// Sources: openat2(2), RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS; proc(5), /proc/pid/fd.

#include <sys/types.h>

#include <array>
#include <cstdint>

#include "runtime/aliases.h"
#include "runtime/steps/outcome.h"
#include "tracer/os/fd.h"

namespace boxrun::steps {

/// Opens `path` (absolute ones count from `root`). @returns a descriptor, or -1 with errno.
[[nodiscard]] int open_in_root(os::BorrowedFd root, const char* path, int flags,
                               std::uint64_t more_resolve = 0);

enum class Leaf : std::uint8_t { Directory, File };

/// Opens `path` with O_PATH; missing directories are made with mode 0755, and a missing leaf as
/// `leaf` says.
Outcome make_in_root(os::BorrowedFd root, const char* path, Leaf leaf, os::UniqueFd& opened);

/// Makes the parent directories of `path` and opens the parent; `name` becomes the last component.
Outcome make_parent_in_root(os::BorrowedFd root, const char* path, os::UniqueFd& parent,
                            std::array<char, 256>& name);

/// What to do where something could not be made in the root filesystem.
[[nodiscard]] const char* hint_for_making(int err);

/// `/proc/self/fd/7`: the path of a descriptor for system calls that take no descriptor.
class FdPath {
 public:
  explicit FdPath(os::BorrowedFd fd);
  [[nodiscard]] const char* c_str() const { return text_.data(); }

 private:
  std::array<char, 32> text_{};
};

}  // namespace boxrun::steps
