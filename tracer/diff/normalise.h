#pragma once
// Subjects without what differs from run to run.

#include <string>
#include <utility>
#include <vector>

#include "tracer/diff/symbols.h"

namespace boxtrace::diff {

/// One property of the state at the final exec: `capabilities.bounding`, `mount /proc`.
struct Property {
  std::string key;
  std::vector<std::string> items;  ///< one for a plain value
  bool ordered = false;            ///< the order of the items counts: argv
  friend bool operator==(const Property&, const Property&) = default;
};

/// A milestone: its kind, who passed it, and its facts.
struct Step {
  std::string id;
  std::string title;
  std::string role;
  std::uint32_t process = 0;  ///< the task that leads its process; groups steps, not compared
  std::vector<std::pair<std::string, std::string>> facts;
  std::uint64_t seq = 0;  ///< where to look in the trace; not compared
};

/// The facts of a step, one item for each member of a list: `masked: /proc/acpi`, `masked:
/// /proc/kcore`.
[[nodiscard]] std::vector<std::string> fact_items(const Step& step);

/// In a fixed order. Empty when no exec was seen.
[[nodiscard]] std::vector<Property> normalise_state(const Subject& subject, const Symbols& symbols);
[[nodiscard]] std::vector<Step> normalise_milestones(const Subject& subject,
                                                     const Symbols& symbols);

}  // namespace boxtrace::diff
