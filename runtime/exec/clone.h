#pragma once
// clone3(2), which the C library does not wrap.

#include <sys/types.h>

#include <cstdint>

namespace boxrun::exec {

/// fork(2) with flags: the child continues at the same place with a copy of the memory.
///
/// @param cgroup  descriptor of a cgroup2 directory where the child shall start, or -1. With it the
///                child never runs in boxrun's cgroup, and no write to cgroup.procs has to wait for
///                an RCU grace period.
/// @returns the pid in boxrun, 0 in the child, -1 with errno.
/// Source: clone(2), "clone3()"; kernel/fork.c: clone3_args_valid().
[[nodiscard]] pid_t clone_process(std::uint64_t flags, int cgroup);

}  // namespace boxrun::exec
