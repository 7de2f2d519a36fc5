#pragma once
// The runtime borrows the tracer's foundation under short names.

#include "tracer/base/error_text.h"
#include "tracer/base/result.h"
#include "tracer/base/text.h"

namespace boxtrace::os {}
namespace boxtrace::decoders {}

namespace boxrun {
namespace base = boxtrace::base;
namespace os = boxtrace::os;
namespace decoders = boxtrace::decoders;
using base::Error;
using base::Result;
}  // namespace boxrun
