#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kPidfdOpenFlags;    ///< pidfd_open(2)
extern const ConstantTable kPidfdSignalFlags;  ///< pidfd_send_signal(2)

}  // namespace boxtrace::decoders
