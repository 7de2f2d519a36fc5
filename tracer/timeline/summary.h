#pragma once
// The last lines of a story: what the container is shut off from, and what was left out.

#include <optional>
#include <vector>

#include "tracer/model/exec_state.h"
#include "tracer/model/namespaces.h"
#include "tracer/timeline/rich_text.h"

namespace boxtrace::timeline {

struct Totals {
  std::size_t relevant = 0;  ///< events that `-v` shows
  std::size_t processes = 0;
  std::size_t threads = 0;
  std::size_t signals = 0;
};

/// `contained` is empty when nothing was handed over to a container.
[[nodiscard]] std::vector<RichText> make_summary(const std::optional<model::ExecState>& contained,
                                                 const Totals& totals);

}  // namespace boxtrace::timeline
