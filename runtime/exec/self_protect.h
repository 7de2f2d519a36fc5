#pragma once
// Keeping boxrun's own binary out of reach.
//
// Between clone(2) and execve(2) a process inside the container runs boxrun's program: its
// /proc/PID/exe is a door to the file on the host. A container can hold it open (by asking boxrun
// to execute /proc/self/exe) and write to it as soon as it is no longer busy; the next boxrun would
// be the attacker's. CVE-2019-5736.
//
// So boxrun, before it creates a container, executes itself again from a file that nobody can
// write: a private read-only clone of its mount, or, where it may not make one, a sealed copy in
// memory.
//
// Sources: open_tree(2), OPEN_TREE_CLONE; mount_setattr(2); memfd_create(2), "File sealing".

#include "runtime/aliases.h"

namespace boxrun::exec {

/// Does not return when it has re-executed boxrun. Returns at once when the present binary is
/// read-only or sealed already.
[[nodiscard]] Result<void> protect_own_binary(char** argv);

}  // namespace boxrun::exec
