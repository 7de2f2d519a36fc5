#pragma once
// config.json to Config.

#include <string>
#include <string_view>

#include "runtime/aliases.h"
#include "runtime/config/config.h"

namespace boxrun::config {

/// Parses and validates the text of a config.json. Fields that the specification does not define
/// are ignored, as it demands.
///
/// @errors  the first mistake, led by its JSON path: `/linux/namespaces/2/type: unknown namespace
///          "nett"`, with a hint; or the position of a JSON syntax error.
[[nodiscard]] Result<Config> parse_config(std::string_view text);

/// Letters, digits, `_ + - .`, at most 255 bytes, not `.` or `..`: an id becomes the name of
/// directories, in the state directory and in cgroups.
[[nodiscard]] Result<void> parse_container_id(std::string_view id);

/// What `start` and `run` say to a config without `process`, which `create` takes.
[[nodiscard]] Error nothing_to_run();

}  // namespace boxrun::config
