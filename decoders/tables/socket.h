#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kAddressFamilies;
extern const ConstantTable kSocketTypes;
extern const ConstantTable kSocketFlags;
extern const ConstantTable kIpProtocols;
extern const ConstantTable kNetlinkProtocols;
extern const ConstantTable kMsgFlags;
extern const ConstantTable kShutdownHow;
extern const ConstantTable kSocketLevels;
extern const ConstantTable kSocketOptions;
extern const ConstantTable kIpOptions;
extern const ConstantTable kIpv6Options;
extern const ConstantTable kTcpOptions;
extern const ConstantTable kNetlinkOptions;
extern const ConstantTable kControlTypes;
extern const ConstantTable kSocketCalls;

}  // namespace boxtrace::decoders
