#pragma once
// The verbs behind `boxtrace seccomp`, one a file.

#include "tracer/cli/verbs.h"

namespace boxtrace::cli::seccomp {

/// Exit status of the verbs that compare or check: 0 fine, 1 not, 2 trouble.
inline constexpr int kFine = 0;
inline constexpr int kNot = 1;
inline constexpr int kTrouble = 2;

[[nodiscard]] int run_explain(const Arguments& words);
[[nodiscard]] int run_disasm(const Arguments& words);
[[nodiscard]] int run_diff(const Arguments& words);
[[nodiscard]] int run_test(const Arguments& words);
[[nodiscard]] int run_verify(const Arguments& words);
[[nodiscard]] int run_dump(const Arguments& words);
[[nodiscard]] int run_profile(const Arguments& words);
[[nodiscard]] int run_lint(const Arguments& words);

}  // namespace boxtrace::cli::seccomp
