#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kSeccompOperations;   ///< seccomp(2)
extern const ConstantTable kSeccompFilterFlags;  ///< SECCOMP_SET_MODE_FILTER
extern const ConstantTable kSeccompModes;        ///< prctl(PR_SET_SECCOMP)
extern const ConstantTable kSeccompActions;      ///< what a filter answers, its data bits 0

/// The bits of a filter's answer that choose the action; the rest is data.
inline constexpr std::uint64_t kSeccompActionMask = 0xffff0000;

}  // namespace boxtrace::decoders
