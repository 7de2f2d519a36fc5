#pragma once
// The calls that a story is made of: those that concern a container by their row (relevance.h),
// that change the model's state (tracer/model), or that a rule watches. Nothing else is shown to
// the model and the rules, even if a trace holds it. So a trace of these calls alone, which costs
// far fewer stops to make, tells the same story as a trace of every call.

#include "decoders/call_set.h"

namespace boxtrace::timeline {

[[nodiscard]] const decoders::CallSet& story_calls();

}  // namespace boxtrace::timeline
