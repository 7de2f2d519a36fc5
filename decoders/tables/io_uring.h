#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kIoUringSetupFlags;
extern const ConstantTable kIoUringEnterFlags;
extern const ConstantTable kIoUringRegisterOps;

}  // namespace boxtrace::decoders
