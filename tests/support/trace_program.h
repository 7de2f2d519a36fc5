#pragma once
// Runs a program under the tracer and keeps the events, for tests that ask questions about them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/ptrace/engine.h"
#include "tracer/raw/event.h"

namespace boxtrace::test {

/// Keeps every event.
class EventLog final : public raw::EventSink {
 public:
  void on_event(const raw::Event& event) override { events.push_back(event); }
  std::vector<raw::Event> events;
};

struct Trace {
  std::vector<raw::Event> events;
  base::Result<ptrace::CommandEnd> end = base::Error{};
};

/// Traces `command` to its end, within this process.
[[nodiscard]] Trace trace_program(std::vector<std::string> command);
[[nodiscard]] Trace trace_program(const ptrace::LaunchOptions& options);

/// The name of the system call, from its row.
[[nodiscard]] std::string_view name_of(const raw::Syscall& syscall);

/// An event with its body, which is a `Body`.
template <typename Body>
struct Placed {
  const raw::Event* event = nullptr;
  const Body* body = nullptr;
};

/// All events with a `Body`, in order.
template <typename Body>
[[nodiscard]] std::vector<Placed<Body>> all_of(const Trace& trace) {
  std::vector<Placed<Body>> found;
  for (const raw::Event& event : trace.events) {
    if (const auto* body = std::get_if<Body>(&event.body)) {
      found.push_back({&event, body});
    }
  }
  return found;
}

/// All events with a `Body` of one task, in order.
template <typename Body>
[[nodiscard]] std::vector<Placed<Body>> all_of(const Trace& trace, base::TaskId task) {
  std::vector<Placed<Body>> found;
  for (const auto& placed : all_of<Body>(trace)) {
    if (placed.event->task == task) {
      found.push_back(placed);
    }
  }
  return found;
}

/// All calls of that name, in order.
[[nodiscard]] std::vector<Placed<raw::Syscall>> calls_of(const Trace& trace, std::string_view name);

/// One line per event, for the message of a test that fails.
[[nodiscard]] std::string render_events(const Trace& trace);

/// What every trace must obey, whatever the program does: numbers without gaps from 0, a header
/// first, an end last, times that do not run backwards, each task born once before anything else is
/// said of it and ended once with nothing said afterwards. Empty when it does, else what is wrong.
[[nodiscard]] std::string broken_rule(const Trace& trace);

}  // namespace boxtrace::test
