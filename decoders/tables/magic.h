#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kFilesystemMagics;  ///< f_type of statfs(2)
extern const ConstantTable kStatfsFlags;       ///< f_flags of statfs(2)

}  // namespace boxtrace::decoders
