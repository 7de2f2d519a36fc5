#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kFutexOps;
extern const ConstantTable kFutex2Flags;
extern const ConstantTable kRseqFlags;

}  // namespace boxtrace::decoders
