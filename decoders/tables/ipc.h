#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kIpcGetFlags;
extern const ConstantTable kShmgetFlags;
extern const ConstantTable kShmatFlags;
extern const ConstantTable kMsgOpFlags;
extern const ConstantTable kSemOpFlags;
extern const ConstantTable kShmctlCommands;
extern const ConstantTable kSemctlCommands;
extern const ConstantTable kMsgctlCommands;
extern const ConstantTable kIpcCalls;

}  // namespace boxtrace::decoders
