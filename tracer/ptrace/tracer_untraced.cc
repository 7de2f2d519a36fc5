// CLONE_UNTRACED, with which a task makes a child that no tracer is told of.
//
// What escapes like that is missing from the trace, which says so. To follow it all the same, the
// flag is taken out of the call for as long as this runs, and put back afterwards: the child is
// ours from its first instruction, which PTRACE_SEIZE of a pid that has been returned would miss.
// Where tasks carry our filter of calls it has to be done, asked for or not: the child inherits the
// filter, and its calls would fail with ENOSYS without us.
// Source: clone(2), CLONE_UNTRACED; kernel/fork.c: kernel_clone(); seccomp(2), RET_TRACE.

#include <sched.h>

#include <cstdint>
#include <tuple>

#include "tracer/ptrace/tracee_memory.h"
#include "tracer/ptrace/tracer.h"

namespace boxtrace::ptrace {

void Tracer::keep_child_traced(const Tracee& tracee, CallInFlight& call) {
  if (!call.is_birth() || !(is_filtered_ || following_.untraced_too)) {
    return;
  }
  const TraceeMemory live{*kernel_, tracee.tid};
  const BirthFlags flags = birth_flags(call, raw::RecordingMemory{live, call.in});
  if ((flags.flags & CLONE_UNTRACED) != 0) {
    call.is_unmasked = set_birth_flags(tracee, call, flags.flags & ~std::uint64_t{CLONE_UNTRACED});
  }
}

void Tracer::restore_birth_flags(const Tracee& tracee, const CallInFlight& call) {
  if (call.is_unmasked) {
    const TraceeMemory live{*kernel_, tracee.tid};
    std::ignore = set_birth_flags(tracee, call, birth_flags(call, live).flags | CLONE_UNTRACED);
  }
}

bool Tracer::set_birth_flags(const Tracee& tracee, const CallInFlight& call, std::uint64_t flags) {
  const std::uint64_t argument = call.call.args[0];
  if (call.decoded.name == "clone3") {
    return kernel_->write_word(tracee.tid, base::Addr{argument}, flags);
  }
  constexpr std::uint64_t kLowHalf = 0xffffffff;
  return kernel_->set_first_argument(
      tracee.tid, call.call.abi,
      (argument & ~kLowHalf) | (argument & CSIGNAL) | (flags & kLowHalf & ~std::uint64_t{CSIGNAL}));
}

}  // namespace boxtrace::ptrace
