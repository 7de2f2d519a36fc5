#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kKeyctlOperations;  ///< keyctl(2)
extern const ConstantTable kKeySerials;        ///< special key ids, negative
extern const ConstantTable kKeyPermissions;    ///< KEYCTL_SETPERM
extern const ConstantTable kKeyDestinations;   ///< KEYCTL_SET_REQKEY_KEYRING

}  // namespace boxtrace::decoders
