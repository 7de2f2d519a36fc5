#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kIoctls;  ///< those that matter around containers, of several headers

}  // namespace boxtrace::decoders
