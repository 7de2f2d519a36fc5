#pragma once
// Pieces that several mounting steps need.

#include <cstdint>

#include "runtime/aliases.h"
#include "runtime/steps/outcome.h"
#include "tracer/os/fd.h"

namespace boxrun::steps {

/// Opens the mount that was just made on `path`. `covered` is the descriptor it was mounted on: the
/// two must be on different mounts, or somebody has moved the path away under us (EXDEV).
Outcome reopen_mount(os::BorrowedFd root, const char* path, os::BorrowedFd covered,
                     os::UniqueFd& made);

/// Sets MS_* flags `set` on an existing mount and takes `clear` away, keeping the others that it
/// has. `path` is for the message.
Outcome change_flags(os::BorrowedFd mount, std::uint64_t set, std::uint64_t clear,
                     const char* path);

/// ST_* flags of statvfs(3) as the MS_* that a remount has to repeat; the numbers differ.
[[nodiscard]] std::uint64_t present_flags(unsigned long seen);

/// The tree at `source` (relative to `directory`; empty for that itself), detached from all
/// namespaces, with MS_* `flags` added to those of its top mount. It is never seen without them,
/// and no path has to be looked up again to set them.
Outcome clone_tree(os::BorrowedFd directory, const char* source, bool recursive,
                   std::uint64_t flags, os::UniqueFd& tree);

/// Puts a detached tree on `name` in `directory`, a component and no link; empty for that itself.
/// `path` is for the message.
Outcome attach_tree(os::BorrowedFd tree, os::BorrowedFd directory, const char* name,
                    const char* path);

/// Binds `source` on `target`, a descriptor below the root, as `path`, and adds flags.
Outcome bind_over(os::BorrowedFd source, os::BorrowedFd target, const char* path, bool recursive,
                  std::uint64_t flags);

}  // namespace boxrun::steps
