#pragma once
// Where events go, one at a time, in order of `seq`.

#include "tracer/raw/event.h"

namespace boxtrace::raw {

class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;
  EventSink(EventSink&&) = delete;
  EventSink& operator=(EventSink&&) = delete;
  virtual ~EventSink() = default;
  virtual void on_event(const Event& event) = 0;
  /// The same, from a caller that has no more use for it.
  // NOLINTNEXTLINE(performance-unnecessary-value-param)
  virtual void take(Event event) { on_event(event); }

  /// A call has begun: a Syscall event without outcome and number. It is told again by on_event
  /// when it has ended. For those who show calls while they last; called only if wants_entries(),
  /// and never for calls whose events were held back.
  virtual void on_entry(const Event& /*entry*/) {}
  [[nodiscard]] virtual bool wants_entries() const { return false; }
};

}  // namespace boxtrace::raw
