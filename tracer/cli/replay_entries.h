#pragma once
// A trace tells of a call when it has ended, with the time when it began. Who shows calls as they
// begin needs the beginnings in their places, and these are known only once the ends have been
// read: the first call of a trace may last until its last record. So all events are kept, and
// handed on when the file has been read.

#include <vector>

#include "tracer/raw/event_sink.h"

namespace boxtrace::cli {

class ReplayEntries final : public raw::EventSink {
 public:
  /// Keeps a reference.
  explicit ReplayEntries(raw::EventSink& sink) : sink_(&sink) {}

  void on_event(const raw::Event& event) override { events_.push_back(event); }
  /// Hands on all events, with entries if they are wanted.
  void finish();

 private:
  raw::EventSink* sink_;
  std::vector<raw::Event> events_;
};

}  // namespace boxtrace::cli
