#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kCloneFlags;      ///< clone(2): 32 bits, the low byte is a signal
extern const ConstantTable kClone3Flags;     ///< clone3(2): 64 bits, CLONE_NEWTIME included
extern const ConstantTable kNamespaceFlags;  ///< setns(2): the CLONE_NEW* alone
extern const ConstantTable kUnshareFlags;    ///< unshare(2)

/// The bits of clone(2)'s flags that hold the exit signal. Source: linux/sched.h, CSIGNAL.
inline constexpr std::uint64_t kExitSignalMask = 0xff;

}  // namespace boxtrace::decoders
