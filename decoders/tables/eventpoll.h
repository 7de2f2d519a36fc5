#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kEpollCreateFlags;
extern const ConstantTable kEpollOps;
extern const ConstantTable kEpollEvents;
extern const ConstantTable kPollEvents;
extern const ConstantTable kEventfdFlags;
extern const ConstantTable kSignalfdFlags;

}  // namespace boxtrace::decoders
