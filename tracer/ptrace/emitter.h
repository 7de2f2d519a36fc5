#pragma once
// Numbers and times the events of a trace, and can keep them back until it is known whether there
// is to be a trace at all.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tracer/ptrace/kernel.h"
#include "tracer/ptrace/tracees.h"
#include "tracer/raw/event_sink.h"

namespace boxtrace::ptrace {

class Emitter {
 public:
  /// The trace begins now. Keeps references.
  Emitter(Kernel& kernel, raw::EventSink& sink)
      : kernel_(&kernel), sink_(&sink), origin_(kernel.now()) {}

  [[nodiscard]] base::Nanos now() const { return {kernel_->now() - origin_}; }

  /// A time of the kernel's CLOCK_MONOTONIC as a time of the trace; none is before its beginning.
  [[nodiscard]] base::Nanos since_start(std::int64_t monotonic) const {
    return {std::max(monotonic - origin_, std::int64_t{0})};
  }

  template <typename Body>
  void emit(base::TaskId task, base::Nanos time, Body body) {
    push(raw::Event{next_, time, task, std::move(body)});
  }

  /// A call has begun; see raw::EventSink::on_entry.
  void enter(base::TaskId task, base::Nanos time, const CallInFlight& call);

  /// Keeps all events back from now on, until release() hands them out or discard() drops them.
  void hold() { holding_ = true; }
  void release();
  void discard() { held_.clear(); }

  [[nodiscard]] std::uint64_t syscalls() const { return syscalls_; }

 private:
  void push(raw::Event event);

  Kernel* kernel_;
  raw::EventSink* sink_;
  std::int64_t origin_;
  base::Seq next_{0};
  std::uint64_t syscalls_ = 0;
  bool holding_ = false;
  std::vector<raw::Event> held_;
};

}  // namespace boxtrace::ptrace
