#include "tracer/ptrace/event_queue.h"

#include <chrono>
#include <csignal>
#include <utility>

namespace boxtrace::ptrace {
namespace {

// Some megabytes: most events are a few hundred bytes, few hold a page or two of memory.
constexpr std::size_t kMostEvents = 8192;
// Short for a reader, long against the time between two stops: each time that this thread runs, it
// takes a processor from those who are traced.
constexpr std::chrono::milliseconds kPause{5};
constexpr int kPausesBeforeSleep = 4;
// A container's making has few pauses that are longer.
constexpr std::chrono::milliseconds kQuiet{20};
constexpr int kMostQuiets = 16;

}  // namespace

EventQueue::EventQueue(raw::EventSink& sink, Pace pace) : sink_(&sink), pace_(pace) {
  // Signals are for the thread that traces: they have to interrupt its wait4().
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

EventQueue::~EventQueue() {
  {
    const std::lock_guard hold{lock_};
    is_over_ = true;
  }
  has_events_.notify_one();
  thread_.join();
}

void EventQueue::push(Item item) {
  std::unique_lock hold{lock_};
  has_room_.wait(hold, [this] { return items_.size() < kMostEvents; });
  items_.push_back(std::move(item));
  const bool wake = std::exchange(sleeps_, false);
  hold.unlock();
  if (wake) {
    has_events_.notify_one();
  }
}

void EventQueue::await_quiet(std::unique_lock<std::mutex>& hold) {
  std::size_t seen = 0;
  for (int i = 0;
       i < kMostQuiets && seen != items_.size() && items_.size() < kMostEvents / 2 && !is_over_;
       ++i) {
    seen = items_.size();
    has_events_.wait_for(hold, kQuiet, [this] { return is_over_; });
  }
}

bool EventQueue::next(std::vector<Item>& batch) {
  batch.clear();
  std::unique_lock hold{lock_};
  for (int pause = 0; items_.empty() && !is_over_; ++pause) {
    if (pause < kPausesBeforeSleep) {
      has_events_.wait_for(hold, kPause, [this] { return is_over_; });
    } else {
      sleeps_ = true;
      has_events_.wait(hold, [this] { return !sleeps_ || is_over_; });
    }
  }
  if (pace_ == Pace::WhenQuiet) {
    await_quiet(hold);
  }
  const bool was_full = items_.size() >= kMostEvents;
  batch.swap(items_);
  hold.unlock();
  if (was_full) {
    has_room_.notify_one();
  }
  return !batch.empty();
}

void EventQueue::run() {
  std::vector<Item> batch;
  while (next(batch)) {
    for (const Item& item : batch) {
      if (item.is_entry) {
        sink_->on_entry(item.event);
      } else {
        sink_->on_event(item.event);
      }
    }
  }
}

}  // namespace boxtrace::ptrace
