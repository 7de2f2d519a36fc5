#pragma once
// A filter, or a stack of filters, explained: solved, read as rules, and the rules proved.

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "decoders/bpf/policy.h"

namespace boxtrace::bpf {

struct Explanation {
  Solution solution;            ///< a root for each filter: effective for one, ranked for several
  Node root = Diagram::kFalse;  ///< the effective policy
  Node deciders = Diagram::kFalse;  ///< the same with the word on who decides (compare.h)
  std::optional<Policy> policy;     ///< nothing if there are too many rules to be of use
  bool proven = false;              ///< the rules, printed and read back, are the programs
  std::string doubt;                ///< why not, half a sentence
};

/// `programs` in the order of their installation, at least one, all valid.
[[nodiscard]] Explanation explain(std::span<const Program> programs);

/// What a policy comes to on the first architecture of which it refuses anything.
struct Summary {
  std::string section;          ///< `x86_64`
  std::uint64_t otherwise = 0;  ///< the default
  std::size_t allowed = 0;      ///< calls by name that are always permitted
  std::size_t conditional = 0;  ///< calls whose answer depends on their arguments
  std::size_t refused = 0;      ///< calls by name that never are
};
[[nodiscard]] Summary summarise(const Policy& policy);
/// `ERRNO(EPERM)`
[[nodiscard]] std::string render_default(const Summary& summary);
/// `default ERRNO(EPERM), allows 351 calls, 9 with conditions`; in front the architecture, if it is
/// not x86_64
[[nodiscard]] std::string render_summary(const Summary& summary);

/// The rule that decides about a call, which may be one that its section has from another.
struct Verdict {
  const Section* section = nullptr;
  std::optional<Rule> rule;  ///< empty: the section's default
  std::uint64_t result = 0;
};
[[nodiscard]] Verdict find_rule(const Policy& policy, const Input& input);

}  // namespace boxtrace::bpf
