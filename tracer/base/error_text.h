#pragma once
// How an Error reads on a terminal, and the names of errno values.

#include <string>
#include <string_view>

#include "tracer/base/result.h"

namespace boxtrace::base {

/// `EPERM`, or an empty view for a number that no errno has. Source: errno(3).
[[nodiscard]] std::string_view errno_name(int err);

/// `Operation not permitted`, the C library's text without the locale.
[[nodiscard]] std::string_view errno_text(int err);

/// The errno of that name, or 0.
[[nodiscard]] int parse_errno(std::string_view name);

/// `what: Operation not permitted (EPERM)`, and `hint: ...` on a line of its own if there is one.
[[nodiscard]] std::string render_error(const Error& error);

}  // namespace boxtrace::base
