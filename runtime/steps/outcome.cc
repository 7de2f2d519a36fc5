#include "runtime/steps/outcome.h"

#include <cstdio>

namespace boxrun::steps {

Outcome Outcome::refused(int err, const char* format, ...) {
  Outcome outcome;
  outcome.failed_ = true;
  outcome.err_ = err;
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(outcome.call_.data(), outcome.call_.size(), format, arguments);
  va_end(arguments);
  return outcome;
}

Outcome& Outcome::hint(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(hint_.data(), hint_.size(), format, arguments);
  va_end(arguments);
  return *this;
}

}  // namespace boxrun::steps
