#pragma once
// The fourth class of error: our own. A broken invariant aborts, in release builds too, because a
// tracer that continues on wrong state prints wrong facts.

#include <string_view>

namespace boxtrace::base {

/// Prints `condition`, `why` and the place to standard error, then aborts.
[[noreturn]] void check_failed(const char* condition, std::string_view why, const char* file,
                               int line);

}  // namespace boxtrace::base

/// Aborts with `why` when `condition` is false. Only for states that no input can cause.
#define BT_CHECK(condition, why)                                             \
  do {                                                                       \
    if (!(condition)) {                                                      \
      ::boxtrace::base::check_failed(#condition, (why), __FILE__, __LINE__); \
    }                                                                        \
  } while (false)
