// Hooks that run inside the container's namespaces: createContainer before the pivot, with the
// paths of the host, and startContainer after it, with those of the container.
//
// startContainer's come from the image, which is not trusted. All that confines the program
// confines them as well: init has become its user, with its capabilities, limits and labels, and
// only the filter is still to be loaded. The specification says no more of them than "in the
// container namespace".

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
  exec::HookRun run{state->second.before_pid, inside.host_pid, state->second.after_pid,
                    inside.prepared.hook_output, step.for_program ? inside.environment() : environ};
  if (step.filter) {
    run.confine = [&] { return load_for_hook(*step.filter, inside); };
  }
  for (std::size_t i = 0; i < step.hooks.size(); ++i) {
    Outcome outcome = exec::run_hook(step.hooks[i], run);
    if (outcome.failed()) {
      if (step.filter && *outcome.hint_text() == '\0') {
        outcome.hint(
            "startContainer's hooks run under the container's filter, /linux/seccomp%s",
            step.filter->has_listener ? "; what it leaves to a listener is ENOSYS for them" : "");
      }
      outcome.at_entry(static_cast<int>(i));
      return outcome;
    }
  }
  return Outcome::done();
}

}  // namespace boxrun::steps
