#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kBpfCommands;  ///< bpf(2)
extern const ConstantTable kBpfProgramTypes;
extern const ConstantTable kBpfAttachTypes;
extern const ConstantTable kBpfAttachFlags;

}  // namespace boxtrace::decoders
