// A tracee that traces: strace, gdb, or a runtime that asks with PTRACE_TRACEME to be held for a
// moment.
//
// A task has one tracer, and that is us, so such a request fails with EPERM under any tracer. We
// give the task up instead: at the entry of PTRACE_TRACEME the task itself, which is then free when
// the call looks; at the entry of PTRACE_ATTACH or PTRACE_SEIZE the target, which we stop first
// while the caller waits. What the task does from then on is missing from the trace, and a gap says
// so. Two kinds of task are kept: the command, whose end is ours to report, and whatever carries
// our filter of calls, in which these calls would fail with ENOSYS once it is no longer ours.
// Source: ptrace(2); kernel/ptrace.c: ptrace_attach(), ptrace_traceme(); seccomp(2), RET_TRACE.

#include <fmt/format.h>
#include <sys/ptrace.h>

#include <cstdint>
#include <utility>

#include "tracer/ptrace/tracer.h"

namespace boxtrace::ptrace {
namespace {

/// The longest that a task which wants to attach is held for its target to stop.
constexpr std::int64_t kPatience = 1'000'000'000;

}  // namespace

const Tracee* Tracer::find_wanted(const Tracee& caller) {
  const raw::Call& call = caller.call->call;
  switch (static_cast<std::uint32_t>(call.args[0])) {
    case PTRACE_TRACEME:
      return &caller;
    case PTRACE_ATTACH:
    case PTRACE_SEIZE:
      return find_known_as(caller, static_cast<std::int32_t>(call.args[1]));
    default:
      return nullptr;
  }
}

bool Tracer::give_up_for_another_tracer(Tracee& caller, Stopped& stopped) {
  if (!caller.call || caller.call->decoded.name != "ptrace") {
    return false;
  }
  const Tracee* const wanted = find_wanted(caller);
  if (wanted == nullptr || wanted->is_ending) {
    return false;
  }
  if (is_filtered_ || wanted->tid == command_) {
    emitter_->emit(
        caller.id, now_,
        raw::Gap{is_filtered_ ? "a task cannot have two tracers, and this one has our filter of "
                                "calls: the request fails; with --calls=every it would not"
                              : "a task cannot have two tracers, and the command is ours: the "
                                "request fails"});
    return false;
  }
  emitter_->emit(
      wanted->id, now_,
      raw::Gap{"another tracer takes it over: what it does from here on, and all that it "
               "makes, is missing from this trace"});
  if (wanted == &caller) {
    let_go_of(caller, std::move(stopped), 0);
    return true;
  }
  Tracee& target = *tracees_.find(wanted->tid);
  target.is_given_up = true;
  kernel_->interrupt(target.tid);
  awaited_[target.tid] = caller.tid;
  proceed(caller, std::move(stopped), base::Nanos{kPatience}, 0);
  return true;
}

void Tracer::let_the_other_tracer_go_on(base::HostTid given_up) {
  auto node = awaited_.extract(given_up);
  if (node.empty()) {
    return;
  }
  if (const auto caller = delayed_.find(node.mapped()); caller != delayed_.end()) {
    caller->second.due = now_;
  }
}

}  // namespace boxtrace::ptrace
