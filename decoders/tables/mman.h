#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kMmapProt;
extern const ConstantTable kMmapFlags;
extern const ConstantTable kMremapFlags;
extern const ConstantTable kMsyncFlags;
extern const ConstantTable kMlockallFlags;
extern const ConstantTable kMlock2Flags;
extern const ConstantTable kMadviseAdvice;
extern const ConstantTable kPkeyRights;
extern const ConstantTable kMemfdSecretFlags;
extern const ConstantTable kShadowStackFlags;
extern const ConstantTable kMembarrierCommands;
extern const ConstantTable kMembarrierFlags;
extern const ConstantTable kUserfaultfdFlags;

}  // namespace boxtrace::decoders
