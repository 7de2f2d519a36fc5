#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kMempolicyModes;
extern const ConstantTable kMbindFlags;
extern const ConstantTable kGetMempolicyFlags;

}  // namespace boxtrace::decoders
