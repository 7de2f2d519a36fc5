#pragma once
// One call in strace's notation. What Value and its rendering do not settle, because it belongs to
// one call alone, stands in the tables of strace_calls.cc: arguments that strace shows in another
// form or order, and results with a word of explanation.

#include <string>
#include <vector>

#include "decoders/decode.h"
#include "tracer/raw/event.h"
#include "tracer/sinks/strace_values.h"

namespace boxtrace::sinks {

class StraceCalls {
 public:
  explicit StraceCalls(const StraceValues& values) : values_(&values) {}

  /// The text between the parentheses in pieces, separators included, for a call that has ended.
  [[nodiscard]] std::vector<std::string> pieces(const raw::Syscall& syscall,
                                                const decoders::DecodedCall& call) const;
  /// The first of these pieces, as far as they are known when the call begins.
  [[nodiscard]] std::vector<std::string> entry_pieces(const raw::Syscall& syscall,
                                                      const decoders::DecodedCall& call) const;

  /// `= 3`, `= -1 ENOENT (No such file or directory)`, `= 1 ([{fd=3, revents=POLLIN}])`.
  [[nodiscard]] std::string result(const raw::Syscall& syscall,
                                   const decoders::DecodedCall& call) const;

 private:
  [[nodiscard]] std::string argument(const raw::Syscall& syscall, const decoders::DecodedCall& call,
                                     std::size_t index) const;

  const StraceValues* values_;
};

}  // namespace boxtrace::sinks
