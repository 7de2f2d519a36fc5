#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kWaitOptions;    ///< wait4(2), waitpid(2)
extern const ConstantTable kWaitidOptions;  ///< waitid(2)
extern const ConstantTable kWaitidTypes;    ///< P_PID and kin
extern const ConstantTable kChildCodes;     ///< si_code of SIGCHLD
extern const ConstantTable kSignalCodes;    ///< si_code of sent signals

}  // namespace boxtrace::decoders
