#pragma once
// How init is scheduled, set from outside: in a user namespace init itself may not raise anything.
// Sources: sched_setattr(2); ioprio_set(2).

#include <sys/types.h>

#include "runtime/aliases.h"
#include "runtime/config/config.h"

namespace boxrun::exec {

[[nodiscard]] Result<void> set_scheduler(pid_t pid, const config::Scheduler& scheduler);
[[nodiscard]] Result<void> set_io_priority(pid_t pid, const config::IoPriority& priority);

}  // namespace boxrun::exec
