#include "tracer/sinks/seccomp_stop.h"

#include "decoders/bpf/outcome.h"
#include "tracer/model/filter_answer.h"

namespace boxtrace::sinks {

std::string render_seccomp_stop(const timeline::Step& step) {
  const model::Task* task = step.model.task(step.event.task);
  if (task == nullptr || step.syscall == nullptr ||
      step.syscall->outcome.kind != raw::Outcome::Kind::NoReturn) {
    return {};
  }
  const auto answer = model::find_stop(*task, *step.syscall);
  if (!answer) {
    return {};
  }
  const bool trapped = (answer->result & bpf::kActionMask) == bpf::kTrap;
  return trapped ? " (trapped by seccomp: SIGSYS)" : " (killed by seccomp: SIGSYS)";
}

}  // namespace boxtrace::sinks
