#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kRandomFlags;
extern const ConstantTable kSyslogActions;
extern const ConstantTable kRebootMagic;
extern const ConstantTable kRebootMagic2;
extern const ConstantTable kRebootCommands;
extern const ConstantTable kModuleInitFlags;
extern const ConstantTable kModuleDeleteFlags;
extern const ConstantTable kKexecFlags;
extern const ConstantTable kKexecFileFlags;
extern const ConstantTable kSwapFlags;
extern const ConstantTable kArchPrctlCodes;
extern const ConstantTable kModifyLdtFunctions;

}  // namespace boxtrace::decoders
