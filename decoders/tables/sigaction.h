#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kSigprocmaskHow;
extern const ConstantTable kSigactionFlags;
extern const ConstantTable kSignalHandlers;
extern const ConstantTable kSigaltstackFlags;

}  // namespace boxtrace::decoders
