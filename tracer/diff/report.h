#pragma once
// Differences as text for people and as JSON for programs.

#include <string>

#include "tracer/diff/compare.h"

namespace boxtrace::diff {

struct ReportLayout {
  std::size_t width = 100;  ///< columns; 0: lines are never broken
  bool color = false;
};

/// Lines ended by newlines; `same: ...` alone when there is no difference.
[[nodiscard]] std::string render_report(const Comparison& comparison, const ReportLayout& layout);

/// One JSON document, described in boxtrace-diff(1).
[[nodiscard]] std::string render_json(const Comparison& comparison);

}  // namespace boxtrace::diff
