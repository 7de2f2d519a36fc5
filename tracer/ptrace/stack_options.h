#pragma once
// Of which calls it is kept who made them.

#include <optional>

#include "decoders/call_set.h"

namespace boxtrace::ptrace {

struct StackOptions {
  bool stacks = false;  ///< the frames
  bool sites = false;   ///< the machine code around the call
  /// Of these calls. Nothing: of every call that is seen.
  std::optional<decoders::CallSet> calls;
};

}  // namespace boxtrace::ptrace
