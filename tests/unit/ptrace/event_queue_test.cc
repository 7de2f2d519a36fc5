#include "tracer/ptrace/event_queue.h"

#include <gtest/gtest.h>

namespace boxtrace::ptrace {
namespace {

class Log final : public raw::EventSink {
 public:
  void on_event(const raw::Event& event) override { seqs.push_back(event.seq.value); }
  std::vector<std::uint64_t> seqs;
};

class EventQueueTest : public testing::TestWithParam<EventQueue::Pace> {};

// More than it holds, so that whoever hands them over has to wait in between.
TEST_P(EventQueueTest, TheSinkGetsAllEventsInTheirOrder) {
  constexpr std::uint64_t kEvents = 20'000;
  Log log;
  {
    EventQueue queue{log, GetParam()};
    for (std::uint64_t i = 0; i < kEvents; ++i) {
      queue.take({base::Seq{i}, base::Nanos{0}, base::TaskId{1}, raw::Gap{"none"}});
    }
  }
  ASSERT_EQ(log.seqs.size(), kEvents);
  for (std::uint64_t i = 0; i < kEvents; ++i) {
    ASSERT_EQ(log.seqs[i], i);
  }
}

INSTANTIATE_TEST_SUITE_P(Paces, EventQueueTest,
                         testing::Values(EventQueue::Pace::Steady, EventQueue::Pace::WhenQuiet));

}  // namespace
}  // namespace boxtrace::ptrace
