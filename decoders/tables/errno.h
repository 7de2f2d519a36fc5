#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

/// What an errno means when containers are made. Names and texts of all of them:
/// tracer/base/error_text.h.
extern const ConstantTable kErrnos;

}  // namespace boxtrace::decoders
