#pragma once

#include <cstdint>

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kCapabilities;      ///< capabilities(7), by number
extern const ConstantTable kCapabilitySet;     ///< the same as bits of a 64-bit set
extern const ConstantTable kCapabilityHeader;  ///< versions of struct __user_cap_header_struct
extern const ConstantTable kSecurebits;        ///< prctl(PR_SET_SECUREBITS)

/// The highest capability of this table. Source: linux/capability.h, CAP_LAST_CAP.
inline constexpr unsigned kLastCapability = 40;

}  // namespace boxtrace::decoders
