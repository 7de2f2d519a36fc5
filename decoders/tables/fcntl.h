#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kAtFlags;          ///< the AT_* that most *at calls share
extern const ConstantTable kExecveatFlags;    ///< execveat(2)
extern const ConstantTable kUnlinkatFlags;    ///< unlinkat(2)
extern const ConstantTable kLinkatFlags;      ///< linkat(2)
extern const ConstantTable kFaccessatFlags;   ///< faccessat2(2)
extern const ConstantTable kOpenFlags;        ///< open(2), x86
extern const ConstantTable kOpenFlagsArm;     ///< open(2), aarch64
extern const ConstantTable kResolveFlags;     ///< openat2(2)
extern const ConstantTable kAccessModes;      ///< access(2)
extern const ConstantTable kRenameFlags;      ///< renameat2(2)
extern const ConstantTable kFcntlCommands;    ///< fcntl(2)
extern const ConstantTable kFdFlags;          ///< F_SETFD
extern const ConstantTable kSeals;            ///< F_ADD_SEALS
extern const ConstantTable kLeases;           ///< F_SETLEASE
extern const ConstantTable kMemfdFlags;       ///< memfd_create(2)
extern const ConstantTable kCloseRangeFlags;  ///< close_range(2)
extern const ConstantTable kPipeFlags;        ///< pipe2(2)
extern const ConstantTable kReadWriteFlags;   ///< preadv2(2), pwritev2(2)

}  // namespace boxtrace::decoders
