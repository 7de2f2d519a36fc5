#pragma once
// Two subjects to their differences.

#include <optional>
#include <string>
#include <vector>

#include "tracer/diff/normalise.h"

namespace boxtrace::diff {

/// A property of the state at the final exec that is not the same.
struct StateChange {
  std::string key;
  std::optional<Property> left, right;      ///< nothing: that side does not have the property
  std::vector<std::string> removed, added;  ///< items that only the left, only the right side has
};

/// A milestone that is not the same.
struct StepChange {
  std::optional<Step> left, right;  ///< nothing: that side does not have the step
  bool moved = false;               ///< the same, elsewhere in the order
};

struct Comparison {
  std::string left_name, right_name;
  bool left_state = false, right_state = false;  ///< a final exec was seen
  std::vector<StateChange> state;
  std::vector<StepChange> steps;
  std::size_t same_properties = 0;
  std::size_t same_steps = 0;
  /// What may explain differences without being one: other kernels, other kinds of cgroups.
  std::vector<std::string> circumstances;

  [[nodiscard]] bool same() const { return state.empty() && steps.empty(); }
};

[[nodiscard]] Comparison compare(const Subject& left, const Subject& right);

}  // namespace boxtrace::diff
