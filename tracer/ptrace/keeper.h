#pragma once
// What is left of the tracer when it has let go of tasks that have our filter of calls.
//
// Such a task cannot be detached: the filter stays, and each call it has chosen would fail with
// ENOSYS. So it is kept, seen by nobody: it stops at these calls, and is resumed at once. A task
// that is kept cannot be traced by anybody else, and dies with its keeper.

#include "tracer/ptrace/kernel.h"
#include "tracer/ptrace/stop.h"

namespace boxtrace::ptrace {

/// Resumes what the report says has stopped.
void keep_going(Kernel& kernel, Report report);

/// Resumes whatever stops, as if there were no tracer, until the last tracee has ended. Must be
/// called from the thread that seized them.
void keep_running(Kernel& kernel);

}  // namespace boxtrace::ptrace
