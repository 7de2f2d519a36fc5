#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kSegmentationCodes;   ///< si_code of SIGSEGV
extern const ConstantTable kBusCodes;            ///< of SIGBUS
extern const ConstantTable kIllegalCodes;        ///< of SIGILL
extern const ConstantTable kFloatCodes;          ///< of SIGFPE
extern const ConstantTable kTrapCodes;           ///< of SIGTRAP
extern const ConstantTable kPollCodes;           ///< of SIGPOLL
extern const ConstantTable kSeccompCodes;        ///< of SIGSYS
extern const ConstantTable kAuditArchitectures;  ///< si_arch, and seccomp_data.arch

}  // namespace boxtrace::decoders
