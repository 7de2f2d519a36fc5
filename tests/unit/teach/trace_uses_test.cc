#include "tracer/teach/trace_uses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace boxtrace::teach {
namespace {

raw::Event event(std::uint64_t seq, std::uint32_t task, decltype(raw::Event::body) body) {
  raw::Event made;
  made.seq = {seq};
  made.time = {static_cast<std::int64_t>(seq) * 1000};
  made.task = {task};
  made.body = std::move(body);
  return made;
}

raw::Syscall unshare(std::uint64_t flags, raw::Outcome outcome) {
  raw::Syscall call;
  call.call.nr = 272;
  call.call.args[0] = flags;
  call.outcome = outcome;
  return call;
}

/// What a small trace has of `word`: an unshare that works, one that fails, a signal.
std::vector<std::uint64_t> uses_of(std::string_view word) {
  using Kind = raw::Outcome::Kind;
  timeline::Analysis analysis;
  UseFinder finder(find_topics(word).topics);
  analysis.add_listener(finder);
  raw::TaskStarted started;
  started.cause = raw::TaskStarted::Cause::Launched;
  started.tid = {100};
  started.pid = {100};
  started.leader = {1};
  analysis.on_event(event(0, 0, raw::Header{}));
  analysis.on_event(event(1, 1, started));
  analysis.on_event(event(2, 1, unshare(0x20000000, {Kind::Returned, 0})));
  analysis.on_event(event(3, 1, unshare(0x40000000, {Kind::Failed, 1})));
  analysis.on_event(event(4, 1, raw::Signal{9, 0, std::nullopt, false}));
  analysis.on_event(event(5, 0, raw::End{}));
  std::vector<std::uint64_t> found;
  for (const Use& use : finder.uses()) {
    found.push_back(use.seq.value);
  }
  return found;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TraceUses, FindsCallsFlagsErrorsNamespacesAndSignals) {
  EXPECT_THAT(uses_of("unshare"), ElementsAre(2, 3));
  EXPECT_THAT(uses_of("CLONE_NEWPID"), ElementsAre(2));
  EXPECT_THAT(uses_of("pid namespace"), ElementsAre(2));
  EXPECT_THAT(uses_of("network namespace"), ElementsAre(3));
  EXPECT_THAT(uses_of("EPERM"), ElementsAre(3));
  EXPECT_THAT(uses_of("SIGKILL"), ElementsAre(4));
  EXPECT_THAT(uses_of("pivot_root"), IsEmpty());
}

}  // namespace
}  // namespace boxtrace::teach
