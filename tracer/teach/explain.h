#pragma once
// Lays out what is known of a word for a terminal.

#include <optional>
#include <string>
#include <vector>

#include "tracer/teach/topic.h"
#include "tracer/teach/trace_uses.h"

namespace boxtrace::teach {

struct ExplainLayout {
  std::size_t width = 100;
  bool color = false;
};

/// The text for all topics of `search`, lines ended by newlines. `uses`: what a trace had of them,
/// if one was given.
[[nodiscard]] std::string render_explanation(const Search& search,
                                             const std::optional<std::vector<Use>>& uses,
                                             const ExplainLayout& layout);

}  // namespace boxtrace::teach
