// Entering the cgroup.
//
// Whoever writes a pid to cgroup.procs moves a whole process, which may be making threads: the
// kernel takes a lock that stops all clone(2) and exit(2) of the machine, and getting it takes an
// RCU grace period, about ten milliseconds on an idle machine. A thread that writes "0" to `tasks`
// of version 1 moves itself and nobody else, and the kernel skips the lock. So init, which has one
// thread, goes by itself; the files are opened by boxrun, whose rights count, and come over the
// socket.
//
// Source: kernel/cgroup/cgroup.c: cgroup_procs_write_start(), "If we migrate a single thread".

#include <errno.h>
#include <unistd.h>

#include <utility>

#include "runtime/steps/steps.h"

namespace boxrun::steps {

Outcome run(const plan::JoinCgroup&, Inside& inside) {
  std::size_t next = 0;
  for (std::size_t i = 0; i < inside.prepared.cgroup_places.size(); ++i) {
    if ((inside.cgroup_places >> i & 1) == 0) {
      continue;
    }
    const exec::CgroupPlace& place = inside.prepared.cgroup_places[i];
    const os::UniqueFd file = std::move(inside.cgroup_files[next++]);
    if ((place.version2 && inside.prepared.in_version2) || ::write(file.get(), "0", 1) == 1) {
      continue;
    }
    const int err = errno;
    if (inside.prepared.may_stay_outside) {
      inside.warn("/linux/cgroupsPath: init stays in boxrun's cgroup: write(\"%s\") was refused",
                  place.file.c_str());
      continue;
    }
    return Outcome::refused(err, "write(\"%s\", \"0\")", place.file.c_str())
        .hint("%s", err == ENOSPC  ? "a cpuset without CPUs or memory nodes takes no process"
                    : err == EBUSY ? "the cgroup gives controllers to children, and so may hold no "
                                     "process itself"
                    : err == EINVAL ? "real-time processes need a budget: cpu.rt_runtime_us"
                                    : "");
  }
  return Outcome::done();
}

}  // namespace boxrun::steps
