#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kInotifyInitFlags;
extern const ConstantTable kInotifyMask;
extern const ConstantTable kFanotifyInitFlags;
extern const ConstantTable kFanotifyMarkFlags;
extern const ConstantTable kFanotifyMask;

}  // namespace boxtrace::decoders
