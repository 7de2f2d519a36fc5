#pragma once
// A thread that understands and prints, so that the one that traces does nothing but that.
//
// Events go into a queue; a thread of its own hands them to the sink. The queue is bounded: a
// tracee that makes calls faster than they can be printed waits, and memory stays flat. The thread
// is woken when it sleeps, which it does only when nothing has come for a while: a wake-up costs
// the tracer about as much as a stop. And where nobody waits for its end, as with daemons that are
// watched, it lets those who are traced finish first: to prove what a container's filter does takes
// as long as a tenth of the container's making, on a processor that they could use.

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "tracer/raw/event_sink.h"

namespace boxtrace::ptrace {

class EventQueue final : public raw::EventSink {
 public:
  enum class Pace {
    Steady,
    WhenQuiet,  ///< when nothing has come for a moment, or after a third of a second
  };
  /// Starts the thread, with all signals blocked in it. Keeps a reference.
  explicit EventQueue(raw::EventSink& sink, Pace pace = Pace::Steady);
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;
  EventQueue(EventQueue&&) = delete;
  EventQueue& operator=(EventQueue&&) = delete;
  /// Returns when the sink has had all events.
  ~EventQueue() override;

  void on_event(const raw::Event& event) override { take(event); }
  void take(raw::Event event) override { push({std::move(event), false}); }
  void on_entry(const raw::Event& entry) override { push({entry, true}); }
  [[nodiscard]] bool wants_entries() const override { return sink_->wants_entries(); }

 private:
  struct Item {
    raw::Event event;
    bool is_entry = false;
  };
  void push(Item item);
  void run();
  [[nodiscard]] bool next(std::vector<Item>& batch);
  void await_quiet(std::unique_lock<std::mutex>& hold);

  raw::EventSink* sink_;
  Pace pace_;
  std::mutex lock_;
  std::condition_variable has_events_;
  std::condition_variable has_room_;
  std::vector<Item> items_;
  bool sleeps_ = false;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace boxtrace::ptrace
