#pragma once
// What a task's seccomp filters say to a call: whether a failure is theirs or the kernel's.
//
// A tracer sees the registers at the entry stop, before any filter runs (since Linux 4.8), and the
// filters' programs were captured when they were installed; so the question can be answered by
// running them again. All of a task's filters are run, as the kernel does.
// Source: kernel/seccomp.c: seccomp_run_filters; ptrace(2) "PTRACE_O_TRACESECCOMP".

#include <optional>

#include "decoders/bpf/input.h"
#include "tracer/model/task.h"

namespace boxtrace::model {

struct FilterAnswer {
  std::uint32_t result = 0;  ///< SECCOMP_RET_*, effective
  std::size_t filter = 0;    ///< whose answer it is: an index into Credentials::filters
  std::size_t pc = 0;        ///< the instruction it ended at
  /// A filter that was not captured may have said something more severe.
  bool certain = true;
};

/// Nothing for a task without filters that were seen, or a call of an unknown ABI.
[[nodiscard]] std::optional<FilterAnswer> ask_filters(const Task& task, const raw::Call& call);

/// The answer, if it is what made this call fail as it did: an ERRNO with that errno.
[[nodiscard]] std::optional<FilterAnswer> find_refusal(const Task& task,
                                                       const raw::Syscall& syscall);

/// The answer, if because of it the kernel did not make this call but sent SIGSYS: a KILL or a
/// TRAP. What a tracer finds in the register of the result is then the number of the call, put back
/// there for whoever handles the signal. Source: kernel/seccomp.c: __seccomp_filter,
/// syscall_rollback().
[[nodiscard]] std::optional<FilterAnswer> find_stop(const Task& task, const raw::Syscall& syscall);

/// One of the two.
[[nodiscard]] std::optional<FilterAnswer> find_denial(const Task& task,
                                                      const raw::Syscall& syscall);

}  // namespace boxtrace::model
