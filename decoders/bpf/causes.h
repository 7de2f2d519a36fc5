#pragma once
// Why two policies that should be the same are not: what runtimes and libraries are known to do.

#include <string>

#include "decoders/bpf/compare.h"
#include "decoders/bpf/profile.h"

namespace boxtrace::bpf {

/// A sentence on the likely cause of a difference, or an empty text. `profile`: the one on the
/// left, if the left side is one.
[[nodiscard]] std::string likely_cause(const Difference& difference, const Profile* profile);

}  // namespace boxtrace::bpf
