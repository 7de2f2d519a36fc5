#pragma once
// A seccomp filter that stops a tracee only at chosen calls.
//
// With PTRACE_SYSCALL every call costs two stops, each a wake-up of the tracer and one back. With a
// filter that answers SECCOMP_RET_TRACE for the chosen calls and SECCOMP_RET_ALLOW for all others,
// the tracee runs on with PTRACE_CONT and the others cost nothing but the filter itself, whose
// answer the kernel caches per number where it does not depend on arguments.
//
// The traps:
// - Actions have ranks: KILL, TRAP, ERRNO and USER_NOTIF of any filter of the tracee outrank TRACE
//   of ours, so calls that its own filter denies would be missing. A task with a filter of its own
//   must therefore be resumed with PTRACE_SYSCALL.
// - A tracee's own RET_TRACE stops at us as well, where without us it would be ENOSYS. The 16 bits
//   of data that a filter returns tell the two apart.
// - A filter cannot be taken off, and RET_TRACE without a tracer is ENOSYS: a task that has ours
//   must never run untraced. Hence PTRACE_O_EXITKILL, and keeper.h.
// - Without CAP_SYS_ADMIN the kernel demands no_new_privs, which would change what the command may
//   do: then no filter is installed.
// - SECCOMP_FILTER_FLAG_SPEC_ALLOW: before Linux 5.16 a filter switched on mitigations that slow
//   the tracee down.
//
// Sources: seccomp(2); kernel/seccomp.c: seccomp_run_filters, seccomp_cache_prepare_bitmap.

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

#include "decoders/call_set.h"
#include "tracer/ptrace/kernel.h"

namespace boxtrace::ptrace {

/// What our filter returns as data, to be told from that of a tracee.
inline constexpr std::uint16_t kFilterCookie = 0xb0c5;

/// In a Seccomp stop: it is a tracee's own filter that has answered RET_TRACE.
[[nodiscard]] inline bool is_foreign_filter(const SyscallInfo& info) {
  return info.op == SyscallInfo::Op::Seccomp && info.seccomp_return_data != kFilterCookie;
}

/// `calls`, and those that the engine itself has to see: births, execs, thread ends and
/// installations of filters.
[[nodiscard]] decoders::CallSet with_engine_calls(decoders::CallSet calls);

/// The program that answers SECCOMP_RET_TRACE for these calls and, on other architectures than x86,
/// for every call.
[[nodiscard]] std::vector<sock_filter> make_filter_of(const decoders::CallSet& calls);
/// The same for `chosen` with the engine's calls.
[[nodiscard]] std::vector<sock_filter> make_call_filter(const decoders::CallSet& chosen);

/// Whether a filter can be installed without changing what a process may do, and whether it would
/// be the first: a task that has another filter is traced call by call anyway.
[[nodiscard]] bool can_filter_calls();

/// Installs it in the calling thread. Allocates nothing, for use between fork and exec.
///
/// @return 0 or the errno.
[[nodiscard]] int install_call_filter(std::span<const sock_filter> program);

}  // namespace boxtrace::ptrace
