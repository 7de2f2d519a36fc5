#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kLandlockCreateFlags;
extern const ConstantTable kLandlockRuleTypes;
extern const ConstantTable kLandlockRestrictFlags;
extern const ConstantTable kLandlockAccessFs;
extern const ConstantTable kLandlockAccessNet;
extern const ConstantTable kLandlockScopes;
extern const ConstantTable kLsmAttributes;
extern const ConstantTable kLsmFlags;

}  // namespace boxtrace::decoders
