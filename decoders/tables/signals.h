#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kSignals;  ///< signal(7), x86 numbers

}  // namespace boxtrace::decoders
