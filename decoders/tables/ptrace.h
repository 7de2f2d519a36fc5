#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kPtraceRequests;
extern const ConstantTable kPtraceOptions;
extern const ConstantTable kKcmpTypes;
extern const ConstantTable kPerfEventFlags;
extern const ConstantTable kPerfEventTypes;

}  // namespace boxtrace::decoders
