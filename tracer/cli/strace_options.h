#pragma once
// Options of strace that boxtrace does not have (yet). People type them from habit; each is refused
// with what comes nearest, and none is ever ignored.

#include <optional>
#include <string>
#include <string_view>

#include "tracer/base/result.h"

namespace boxtrace::cli {

/// Why `word`, an option that was not recognised, is refused, and what to use in its place.
[[nodiscard]] base::Error refuse_option(std::string_view word);

}  // namespace boxtrace::cli
