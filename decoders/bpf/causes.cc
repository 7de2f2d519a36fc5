#include "decoders/bpf/causes.h"

#include <fmt/format.h>

#include <algorithm>

#include "decoders/bpf/outcome.h"
#include "tracer/base/text.h"

namespace boxtrace::bpf {
namespace {

constexpr std::uint64_t kEnosys = kErrno | 38;

/// Numbers above this one are newer than the libseccomp of most systems (2.5.4 ends at 448).
constexpr std::uint32_t kRecentNumber = 440;

/// The calls of a difference that a rule names.
std::vector<std::string> named_in(const Difference& difference, const ProfileRule& rule) {
  std::vector<std::string> out;
  for (const std::string& name : rule.names) {
    const auto nr = number_in(difference.section, name);
    const bool here = nr && std::any_of(difference.numbers.begin(), difference.numbers.end(),
                                        [&](const Range& range) {
                                          return range.first <= *nr && *nr <= range.last;
                                        });
    if (here) {
      out.push_back(name);
    }
  }
  return out;
}

std::string cause_in_profile(const Difference& difference, const Profile& profile) {
  for (const ProfileRule& rule : profile.rules) {
    const std::vector<std::string> names = named_in(difference, rule);
    if (names.empty()) {
      continue;
    }
    if (!rule.left_out.empty()) {
      return fmt::format("the profile's rule for {} {}", names.front(), rule.left_out);
    }
    if (rule.result != difference.left) {
      continue;
    }
    const bool recent = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return (number_in(difference.section, name).value_or(0) & ~kX32Bit) >= kRecentNumber;
    });
    return recent ? "the libseccomp that made the filter did not know " + base::join(names, ", ") +
                        ", and skipped the name"
                  : "the filter has no rule for " + base::join(names, ", ");
  }
  return "";
}

}  // namespace

std::string likely_cause(const Difference& difference, const Profile* profile) {
  if (difference.left_dead != difference.right_dead) {
    return fmt::format(
        "the {} side has no section for {}, so that its calls kill: a runtime makes one for each "
        "of "
        "the profile's `architectures`",
        difference.right_dead ? "right" : "left", difference.section.name);
  }
  const bool upper_bits = difference.section.x32 == true &&
                          difference.numbers.front().first >= 2 * std::uint64_t{kX32Bit};
  if (upper_bits) {
    return "without x32, libseccomp kills whatever has one of the two upper bits set";
  }
  if (profile != nullptr) {
    std::string cause = cause_in_profile(difference, *profile);
    if (!cause.empty()) {
      return cause;
    }
  }
  const bool open_end = difference.numbers.back().last >= kX32Bit - 1;
  if (open_end && (difference.left == kEnosys) != (difference.right == kEnosys)) {
    return fmt::format(
        "runc and boxrun put a stub in front that answers ENOSYS to numbers newer than the "
        "profile: "
        "{}",
        difference.right == kEnosys ? "the right side has it" : "the left side has it");
  }
  return "";
}

}  // namespace boxtrace::bpf
