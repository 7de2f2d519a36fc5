#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kBpfCommands;  ///< bpf(2)

}  // namespace boxtrace::decoders
