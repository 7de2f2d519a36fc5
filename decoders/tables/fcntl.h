#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kAtFlags;  ///< the AT_* that most *at calls share

}  // namespace boxtrace::decoders
