// Hooks that run inside the container's namespaces: createContainer before the pivot, with the
// paths of the host, and startContainer after it, with those of the container.

#include <errno.h>
#include <unistd.h>

#include "runtime/exec/hook.h"
#include "runtime/steps/steps.h"

namespace boxrun::steps {

Outcome run(const plan::RunHooks& step, Inside& inside) {
  const auto state = inside.prepared.hook_states.find(step.status);
  if (state == inside.prepared.hook_states.end()) {
    return Outcome::refused(0, "no state was prepared for the %s hooks", step.kind.c_str());
  }
  // createContainer's find themselves in the root filesystem, as with other runtimes. What init
  // does next does not depend on where it is.
  if (!step.for_program && ::fchdir(inside.root.get()) != 0) {
    return Outcome::refused(errno, "fchdir(root filesystem)");
  }
  char* const* inherited = step.for_program ? inside.environment() : environ;
  for (std::size_t i = 0; i < step.hooks.size(); ++i) {
    Outcome outcome = exec::run_hook(step.hooks[i], state->second.before_pid, inside.host_pid,
                                     state->second.after_pid, inherited);
    if (outcome.failed()) {
      outcome.at_entry(static_cast<int>(i));
      return outcome;
    }
  }
  return Outcome::done();
}

}  // namespace boxrun::steps
