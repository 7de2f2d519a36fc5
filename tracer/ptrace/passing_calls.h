#pragma once
// Calls that pass: those of which everything that is to be seen is in registers and at most one
// path, so that eBPF can write it down while the task goes on. See return_programs.h.
//
// They are the calls that come in numbers while a container is made, and mean little one by one:
// the loader's attempts to open a library, libseccomp's attempts to find out what the kernel knows.
// A call that changes what /proc says of its task is not among them, because that has to be
// observed in a stop: unless it is one of a run of calls of the same number, of which only the
// last state counts, as when a runtime drops forty capabilities one by one. Nor is a call with a
// descriptor, which may be another file when we look.

#include <cstdint>
#include <vector>

namespace boxtrace::ptrace {

/// When a call of this number passes. Read by eBPF.
struct PassingShape {
  static constexpr std::uint8_t kNone = 6;
  std::uint8_t passes = 0;          ///< ever
  std::uint8_t only_failed = 0;     ///< if it fails
  std::uint8_t changes_status = 0;  ///< the next chosen call of another number has to stop
  std::uint8_t path = kNone;        ///< the argument that is a path
  std::uint8_t directory = kNone;   ///< the argument that has to be AT_FDCWD
  std::uint8_t null = kNone;        ///< the argument that has to be a null pointer
  /// Not 0: the first argument has to be one of them.
  std::uint8_t operations[2]{};
};

/// By the number of the call on x86-64.
[[nodiscard]] std::vector<PassingShape> make_passing_calls();

}  // namespace boxtrace::ptrace
