#include "tracer/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace boxtrace::base {

void check_failed(const char* condition, std::string_view why, const char* file, int line) {
  std::fprintf(stderr, "boxtrace: bug: %.*s\n  %s:%d: %s is false\n", static_cast<int>(why.size()),
               why.data(), file, line, condition);
  std::abort();
}

}  // namespace boxtrace::base
