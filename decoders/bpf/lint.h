#pragma once
// Mistakes that filters often have. Each finding is a fact about the policy, with a call that shows
// it, and not an opinion on what should be permitted.

#include <optional>
#include <string>
#include <vector>

#include "decoders/bpf/explain.h"

namespace boxtrace::bpf {

struct Finding {
  std::string id;    ///< `sibling-open`
  std::string text;  ///< one sentence
  std::string why;   ///< why it matters, one sentence
  std::string call;  ///< a call that shows it, as `boxtrace seccomp test` takes it; may be empty
};

/// The findings on an explained policy, in a fixed order.
[[nodiscard]] std::vector<Finding> find_mistakes(const Explanation& explained);

}  // namespace boxtrace::bpf
