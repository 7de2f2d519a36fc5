#pragma once
// What `-v` shows: each event that concerns the making of a container, and none of the rest.

#include <vector>

#include "decoders/decode.h"
#include "tracer/model/facts.h"
#include "tracer/raw/event.h"

namespace boxtrace::timeline {

/// Calls of that row do, by themselves and not only by what they turn out to change.
[[nodiscard]] bool concerns_containers(const decoders::SyscallSpec& spec);

[[nodiscard]] bool is_relevant(const raw::Event& event, const decoders::DecodedCall* call,
                               const std::vector<model::Fact>& facts);

}  // namespace boxtrace::timeline
