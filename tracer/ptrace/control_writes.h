#pragma once
// Writes that change another task than the writer: id maps, and membership of cgroups. What such a
// write did is to be read from the /proc of the task it was about, which the row of write(2) cannot
// say.

#include <cstdint>
#include <optional>

#include "tracer/ptrace/tracees.h"

namespace boxtrace::ptrace {

struct ControlWrite {
  base::HostPid about;     ///< the process whose state it changes
  std::uint32_t mask = 0;  ///< of decoders::Observe: what to look at
};

/// What a write that succeeded has changed: the target of its descriptor is
/// `/proc/P/{uid_map,gid_map,setgroups}`, or ends in `/cgroup.procs`, `/cgroup.threads` or
/// `/tasks`. Pids are those of `host_pid_ns`, so nothing is known of writers in another pid
/// namespace, except that 0 written into a cgroup file means the writer. Source:
/// user_namespaces(7), cgroups(7).
[[nodiscard]] std::optional<ControlWrite> control_write(const Tracee& writer,
                                                        const CallInFlight& call,
                                                        base::NsInode host_pid_ns);

}  // namespace boxtrace::ptrace
