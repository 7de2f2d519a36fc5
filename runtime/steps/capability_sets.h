#pragma once
// capget(2) and capset(2) with 64-bit sets instead of two halves.

#include <cstdint>

#include "runtime/steps/outcome.h"

namespace boxrun::steps {

/// Bit N is capability number N.
struct CapabilitySets {
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
  std::uint64_t inheritable = 0;
};

[[nodiscard]] constexpr std::uint64_t capability_bit(int number) {
  return std::uint64_t{1} << number;
}

/// Those of this thread.
Outcome read_capability_sets(CapabilitySets& sets);
Outcome write_capability_sets(const CapabilitySets& sets);

}  // namespace boxrun::steps
