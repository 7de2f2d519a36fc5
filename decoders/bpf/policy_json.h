#pragma once
// An explained filter as JSON, for programs.

#include <span>
#include <string>
#include <string_view>

#include "decoders/bpf/explain.h"

namespace boxtrace::bpf {

/// `{"source", "instructions": [...], "proven", "doubt", "sections": [{"name", "like", "default",
/// "rules": [{"action", "calls", "condition"}]}]}`, indented by two.
[[nodiscard]] std::string render_json(std::string_view source, std::span<const Program> programs,
                                      const Explanation& explained);

}  // namespace boxtrace::bpf
