#pragma once
// The option words of a mount.

#include <string>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/config/config.h"

namespace boxrun::config {

/// Sorts `words` into flags of mount(2), propagation, recursive attributes and what only the
/// filesystem understands. Later words win over earlier ones. Total: an unknown word goes to the
/// filesystem, which is the only one that can refuse it.
[[nodiscard]] MountOptions parse_mount_options(const std::vector<std::string>& words);

/// Every word that parse_mount_options() does not leave to the filesystem, sorted.
[[nodiscard]] std::vector<std::string> mount_option_words();

/// `nosuid,nodev,ro` for MS_* flags.
[[nodiscard]] std::string render_mount_flags(std::uint64_t flags);

}  // namespace boxrun::config
