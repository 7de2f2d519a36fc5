#pragma once
// Which calls and signals are shown: what strace's -e trace=, signal=, status=, -z, -Z and -P say.

#include <bitset>
#include <string>
#include <vector>

#include "decoders/call_selection.h"
#include "decoders/decode.h"
#include "tracer/raw/event.h"
#include "tracer/sinks/strace_dump.h"

namespace boxtrace::sinks {

/// How a call ended, in strace's words (-e status=).
enum CallStatus : unsigned {
  kSuccessful = 1U << 0,
  kFailed = 1U << 1,
  kUnfinished = 1U << 2,   ///< it never returns: exit, or the death of the task
  kUnavailable = 1U << 3,  ///< it returned, but its end was not seen
  kDetached = 1U << 4,     ///< we let go of the task meanwhile
};
inline constexpr unsigned kEveryStatus = (1U << 5) - 1;

struct StraceFilter {
  static constexpr std::size_t kSignals = 65;  ///< numbers from 1

  decoders::CallSelection calls;
  decoders::CallSelection abbreviated;   ///< -e abbrev=: structs are cut to what matters most
  decoders::CallSelection dereferenced;  ///< -e verbose=: structs are taken apart
  decoders::CallSelection raw =
      decoders::CallSelection::nothing();  ///< -e raw=: arguments are numbers
  std::bitset<kSignals> signals = std::bitset<kSignals>().set();
  unsigned statuses = kEveryStatus;
  DescriptorSet read;              ///< -e read=: bytes are shown
  DescriptorSet write;             ///< -e write=
  std::vector<std::string> paths;  ///< -P: calls on any of these; none: all calls

  /// The end of a call decides whether it is shown, so that nothing can be written before.
  [[nodiscard]] bool needs_end() const { return statuses != kEveryStatus; }

  /// The call may be shown, as far as its beginning tells.
  [[nodiscard]] bool admits_entry(const raw::Syscall& syscall,
                                  const decoders::DecodedCall& call) const;
  [[nodiscard]] bool admits(const raw::Syscall& syscall, const decoders::DecodedCall& call) const;
  [[nodiscard]] bool admits(const raw::Signal& signal) const;
};

}  // namespace boxtrace::sinks
