#pragma once
// `-e QUALIFIER=VALUE` of strace's language, and the words that its options take.

#include <string_view>

#include "tracer/base/result.h"
#include "tracer/cli/strace_request.h"

namespace boxtrace::cli {

/// `trace=open,close`, `signal=!SIGCHLD`, `inject=mount:error=EPERM`; `open` means `trace=open`.
///
/// @errors  what is not known, with the nearest words; what boxtrace does not do, with what does.
[[nodiscard]] base::Result<void> apply_expression(StraceRequest& request, std::string_view text);

/// The same in our own style, which has those that choose calls and signals or meddle with them,
/// but not those that say how strace's text looks.
[[nodiscard]] base::Result<void> apply_own_expression(StraceRequest& request,
                                                      std::string_view text);

/// The value of one qualifier, as its long option has it: `--trace=open,close`.
[[nodiscard]] base::Result<void> apply_qualifier(StraceRequest& request, std::string_view qualifier,
                                                 std::string_view value);

/// `s`, `ms`, `us` or `ns` as digits behind the decimal point.
[[nodiscard]] base::Result<sinks::StraceOptions::Precision> parse_precision(std::string_view word);

}  // namespace boxtrace::cli
