#pragma once
// The seccomp filters of a task that runs, whoever installed them.

#include <vector>

#include "tracer/base/bytes.h"
#include "tracer/base/ids.h"
#include "tracer/base/result.h"

namespace boxtrace::ptrace {

/// The programs of all filters of a task, in the order of their installation: the bytes that were
/// given to the kernel. The task is stopped for the time that takes, and let go.
///
/// @errors  the task is not there, is traced by someone else or not ours to trace; it has no
///          filter; the kernel refuses to tell (each with its reason in the hint).
/// Source: ptrace(2) PTRACE_SECCOMP_GET_FILTER.
[[nodiscard]] base::Result<std::vector<base::Bytes>> read_filters(base::HostTid tid);

}  // namespace boxtrace::ptrace
