#pragma once
// strace's language: one table says of each of its options what it does under --style=strace, and
// what comes nearest where boxtrace does not have it. None is ever ignored.

#include <string>
#include <string_view>

#include "tracer/base/result.h"
#include "tracer/cli/strace_request.h"
#include "tracer/cli/verbs.h"

namespace boxtrace::cli {

/// Among the options before the command, there is --style=strace.
[[nodiscard]] bool has_strace_style(const Arguments& words);

/// Options, then a command, as strace(1) parses them: letters may be put together, long names cut
/// short, values attached.
///
/// @errors  options that are unknown, lack their value, or that boxtrace does not have, with what
///          comes nearest.
[[nodiscard]] base::Result<StraceRequest> parse_strace(const Arguments& words);

/// Why `word`, an option that our own style does not know, is refused there, and what to use in its
/// place.
[[nodiscard]] base::Error refuse_option(std::string_view word);

}  // namespace boxtrace::cli
