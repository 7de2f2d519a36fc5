// Resource limits.
//
// A process may lower its own limits freely, and for good; raising a hard limit takes
// CAP_SYS_RESOURCE in the first user namespace. So init sets them while it is still root, and in a
// user namespace boxrun has raised the hard limits before. Not earlier than necessary: a small
// RLIMIT_NOFILE or RLIMIT_AS would hit boxrun's own steps.
//
// Sources: getrlimit(2); kernel/sys.c: do_prlimit(), check_prlimit_permission().

#include <errno.h>
#include <sys/resource.h>

#include "runtime/steps/steps.h"

namespace boxrun::steps {

Outcome run(const plan::SetRlimit& step, Inside&) {
  const auto resource = static_cast<__rlimit_resource>(step.limit.resource);
  const rlimit64 limit{step.limit.soft, step.limit.hard};
  if (::setrlimit64(resource, &limit) == 0) {
    return Outcome::done();
  }
  const int err = errno;
  Outcome outcome = Outcome::refused(err, "setrlimit(%s, {%llu, %llu})", step.limit.name.c_str(),
                                     static_cast<unsigned long long>(step.limit.soft),
                                     static_cast<unsigned long long>(step.limit.hard));
  rlimit64 present{};
  if (err == EPERM && ::getrlimit64(resource, &present) == 0 &&
      step.limit.hard > present.rlim_max) {
    outcome.hint("raising the hard limit above %llu takes CAP_SYS_RESOURCE",
                 static_cast<unsigned long long>(present.rlim_max));
  } else if (err == EPERM) {
    outcome.hint("the kernel's maximum is lower, see /proc/sys/fs/nr_open");
  }
  return outcome;
}

}  // namespace boxrun::steps
