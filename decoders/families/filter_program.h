#pragma once

#include "decoders/spec.h"

namespace boxtrace::decoders {

/// struct sock_fprog: `len` and `filter`, all instructions of it. Source: linux/filter.h.
[[nodiscard]] Value decode_filter_program(const CallContext& context, base::Addr addr);

}  // namespace boxtrace::decoders
