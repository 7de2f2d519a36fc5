#pragma once
// Why a process cannot be attached to. The kernel says EPERM for a dozen reasons; /proc tells most
// of them apart, and each has another way out.
//
// Source: kernel/ptrace.c: ptrace_attach(), __ptrace_may_access(); security/commoncap.c:
// cap_ptrace_access_check(); security/yama/yama_lsm.c: yama_ptrace_access_check().

#include <optional>

#include "tracer/base/ids.h"
#include "tracer/base/result.h"
#include "tracer/ptrace/observe.h"

namespace boxtrace::ptrace {

/// An error when attaching would make a loop: the process is ourselves, traces us, or has started
/// us (directly or not), so that our output may well go through it and each of our lines be the
/// cause of the next.
[[nodiscard]] std::optional<base::Error> refuse_loop(const Observer& observer, base::HostPid pid);

/// `err` is what PTRACE_SEIZE said of the thread `tid` of `pid`.
[[nodiscard]] base::Error explain_refusal(const Observer& observer, base::HostPid pid,
                                          base::HostTid tid, int err);

}  // namespace boxtrace::ptrace
