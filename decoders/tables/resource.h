#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kResourceLimits;  ///< RLIMIT_*
extern const ConstantTable kLimitValues;     ///< RLIM64_INFINITY

}  // namespace boxtrace::decoders
