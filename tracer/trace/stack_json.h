#pragma once
// Who made a call, as JSON and back: the members `stack` and `site`.

#include <nlohmann/json_fwd.hpp>

#include "tracer/base/result.h"
#include "tracer/raw/stack.h"
#include "tracer/trace/json_text.h"

namespace boxtrace::trace {

/// Writes the member `stack`.
void write_stack(JsonText& json, const raw::Stack& stack);
/// Writes the member `site`.
void write_site(JsonText& json, const raw::CallSite& site);

/// The value of a member `stack`, `site`. Refuses members of the wrong kind; skips unknown ones.
[[nodiscard]] base::Result<raw::Stack> parse_stack(const nlohmann::json& stack);
[[nodiscard]] base::Result<raw::CallSite> parse_site(const nlohmann::json& site);

}  // namespace boxtrace::trace
