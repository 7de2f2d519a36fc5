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
};

}  // namespace boxtrace::raw
