#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kSchedPolicies;
extern const ConstantTable kSchedAttrFlags;
extern const ConstantTable kPriorityWhich;
extern const ConstantTable kIoprioWhich;
extern const ConstantTable kIoprioClasses;
extern const ConstantTable kPersonalities;

}  // namespace boxtrace::decoders
