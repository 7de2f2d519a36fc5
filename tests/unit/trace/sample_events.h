#pragma once
// A trace with an event of every kind, with the values that formats tend to lose: all 64 bits,
// bytes that are not UTF-8, absent against empty, negative numbers.

#include <string>
#include <vector>

#include "tracer/raw/event.h"
#include "tracer/raw/event_sink.h"

namespace boxtrace::trace::samples {

/// Numbered from 0 without gaps; begins with a header and ends with an end.
[[nodiscard]] std::vector<raw::Event> all_kinds();

/// The lines of these events, as TraceWriter renders them.
[[nodiscard]] std::vector<std::string> lines_of(const std::vector<raw::Event>& events);

[[nodiscard]] std::string joined(const std::vector<std::string>& lines);

/// Keeps what it is given.
class Collector final : public raw::EventSink {
 public:
  void on_event(const raw::Event& event) override { events.push_back(event); }
  std::vector<raw::Event> events;
};

}  // namespace boxtrace::trace::samples
