#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kSeekWhence;
extern const ConstantTable kFallocateMode;
extern const ConstantTable kSpliceFlags;
extern const ConstantTable kSyncFileRangeFlags;
extern const ConstantTable kFadvice;
extern const ConstantTable kFlockOps;
extern const ConstantTable kStatxMask;
extern const ConstantTable kStatxAttributes;
extern const ConstantTable kStatFlags;
extern const ConstantTable kHandleFlags;
extern const ConstantTable kXattrFlags;
extern const ConstantTable kInodeFlags;

}  // namespace boxtrace::decoders
