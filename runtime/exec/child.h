#pragma once
// The processes between boxrun and the container's program.

#include "runtime/aliases.h"
#include "runtime/exec/prepared.h"
#include "runtime/plan/step.h"
#include "tracer/os/fd.h"

namespace boxrun::exec {

/// Runs the steps of `actor` and does not come back: [2:INIT] ends in execve(2), [1:NS] in
/// _exit(2), and either in a message Failed. Called in the child right after clone3(2).
[[noreturn]] void run_child(const plan::Plan& plan, const Prepared& prepared, plan::Actor actor,
                            os::BorrowedFd channel);

}  // namespace boxrun::exec
