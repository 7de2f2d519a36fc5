#pragma once
// The device rules of cgroup v2, which has no devices controller: a program in the kernel's virtual
// machine is asked at each mknod(2) and open(2) of a device.
//
// The program gets type, access and numbers of the device, and walks the rules from the last to the
// first, as version 1 would have applied them one after the other. It keeps the accesses that no
// rule has decided yet: a rule that allows takes its own away from these, a rule that denies one of
// them ends the walk. What no rule speaks of is denied.
//
// Sources: bpf(2); Documentation/admin-guide/cgroup-v2.rst, "Device controller"; linux/bpf.h:
// struct bpf_cgroup_dev_ctx.

#include <linux/bpf.h>

#include <string>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/cgroup/limits.h"

namespace boxrun::cgroup {

/// Pure.
[[nodiscard]] std::vector<bpf_insn> make_device_program(const std::vector<PlacedRule>& rules);

/// Loads the program and attaches it to the cgroup2 directory, in place of one that boxrun has
/// attached before.
///
/// @errors  EPERM without CAP_BPF and CAP_NET_ADMIN (or CAP_SYS_ADMIN)
[[nodiscard]] Result<void> attach_device_program(const std::vector<bpf_insn>& program,
                                                 const std::string& directory);

}  // namespace boxrun::cgroup
