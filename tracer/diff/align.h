#pragma once
// Which milestone of one run is which of the other.
//
// What processes do at the same time is in another order in every run, so there is no one sequence
// to align. Each process has one, though. Processes are matched by what they do, the milestones of
// matched processes are aligned in order, and what is left over finds a partner of its kind in any
// process: that is how the namespaces that one runtime unshares in a child of its own meet those
// that another makes by one clone.

#include <cstddef>
#include <optional>
#include <vector>

#include "tracer/diff/normalise.h"

namespace boxtrace::diff {

/// A step of the left side, of the right side, or of both.
struct Pairing {
  std::optional<std::size_t> left;
  std::optional<std::size_t> right;
  bool moved = false;  ///< the same process has it, but not in the same order
};

/// Pairs of all steps, those of the left side in their order, then what only the right side has.
[[nodiscard]] std::vector<Pairing> align(const std::vector<Step>& left,
                                         const std::vector<Step>& right);

/// Equal in all that is compared.
[[nodiscard]] bool same_step(const Step& left, const Step& right);

}  // namespace boxtrace::diff
