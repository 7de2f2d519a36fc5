#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kClockIds;
extern const ConstantTable kTimerFlags;
extern const ConstantTable kTimerfdCreateFlags;
extern const ConstantTable kTimerfdSettimeFlags;
extern const ConstantTable kItimers;
extern const ConstantTable kRusageWho;
extern const ConstantTable kUtimeNanoseconds;

}  // namespace boxtrace::decoders
