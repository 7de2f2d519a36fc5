#include "tracer/ptrace/emitter.h"

#include <utility>
#include <variant>

namespace boxtrace::ptrace {

void Emitter::push(raw::Event event) {
  ++next_.value;
  if (std::holds_alternative<raw::Syscall>(event.body)) {
    ++syscalls_;
  }
  if (holding_) {
    held_.push_back(std::move(event));
  } else {
    sink_->take(std::move(event));
  }
}

void Emitter::enter(base::TaskId task, base::Nanos time, const CallInFlight& call) {
  if (holding_ || !sink_->wants_entries()) {
    return;
  }
  raw::Syscall entry;
  entry.call = call.call;
  entry.entered = call.entered;
  entry.in = call.in;
  entry.fds = call.fds;
  sink_->on_entry(raw::Event{base::Seq{0}, time, task, std::move(entry)});
}

void Emitter::release() {
  holding_ = false;
  for (const raw::Event& event : std::exchange(held_, {})) {
    sink_->on_event(event);
  }
}

}  // namespace boxtrace::ptrace
