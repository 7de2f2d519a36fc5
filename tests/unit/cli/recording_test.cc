// What is recorded while a story is told tells the same story again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tracer/cli/trace_file.h"
#include "tracer/cli/verbs.h"
#include "tracer/sinks/jsonl.h"
#include "tracer/sinks/text.h"
#include "tracer/timeline/analysis.h"
#include "tracer/trace/reader.h"

namespace boxtrace::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Zoom = sinks::TextOptions::Zoom;

/// A real run of unshare(1), without what is of one machine.
const std::string kTrace = BOXTRACE_SOURCE_DIR "/tests/fuzz/corpus/show/unshare";

struct Told {
  std::string recording;
  std::vector<std::string> texts;  ///< one a zoom level
  std::vector<timeline::Milestone> milestones;
};

/// Runs the analysis of the events that `feed` supplies, with all listeners that a live run has.
template <typename Feed>
Told tell(Feed feed) {
  Told told;
  timeline::Analysis analysis;
  sinks::JsonlSink recorder([&](std::string_view line) { told.recording += line; });
  analysis.add_listener(recorder);
  told.texts.resize(3);
  std::vector<std::unique_ptr<sinks::TextSink>> printers;
  for (const Zoom zoom : {Zoom::Story, Zoom::Events, Zoom::Calls}) {
    std::string& text = told.texts[printers.size()];
    sinks::TextOptions options;
    options.zoom = zoom;
    printers.push_back(std::make_unique<sinks::TextSink>(
        options, [&text](std::string_view line) { text += line; }));
    analysis.add_listener(*printers.back());
  }
  feed(analysis);
  analysis.finish();
  told.milestones = analysis.milestones();
  return told;
}

TEST(Recording, TellsTheSameStoryAtEveryZoom) {
  const Told live = tell([](raw::EventSink& sink) {
    const auto summary = read_trace(kTrace, sink);
    ASSERT_TRUE(summary.ok());
    ASSERT_EQ(summary.value().problem_count, 0U);
    ASSERT_TRUE(summary.value().complete);
  });
  ASSERT_THAT(live.milestones, Not(IsEmpty()));
  const Told shown = tell([&](raw::EventSink& sink) {
    trace::TraceReader reader(sink);
    reader.feed(live.recording);
    const trace::ReadSummary summary = reader.finish();
    EXPECT_EQ(summary.problem_count, 0U);
    EXPECT_TRUE(summary.complete);
  });
  EXPECT_EQ(shown.texts, live.texts);
  EXPECT_EQ(shown.recording, live.recording);
  EXPECT_THAT(live.texts[0], HasSubstr("unshare NEWNS"));
}

TEST(Recording, HoldsTheMilestonesThatTheStoryNumbers) {
  const Told live = tell([](raw::EventSink& sink) { EXPECT_TRUE(read_trace(kTrace, sink).ok()); });
  struct Ignore final : raw::EventSink {
    void on_event(const raw::Event& /*event*/) override {}
  } ignore;
  std::vector<trace::MilestoneRecord> recorded;
  trace::TraceReader reader(
      ignore, [&](const trace::MilestoneRecord& milestone) { recorded.push_back(milestone); });
  reader.feed(live.recording);
  static_cast<void>(reader.finish());
  ASSERT_EQ(recorded.size(), live.milestones.size());
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    EXPECT_EQ(recorded[i].number, live.milestones[i].number);
    EXPECT_EQ(recorded[i].id, live.milestones[i].id);
    EXPECT_EQ(recorded[i].title, live.milestones[i].title);
    EXPECT_EQ(recorded[i].evidence, live.milestones[i].evidence);
    EXPECT_EQ(recorded[i].facts, live.milestones[i].facts);
  }
}

TEST(TraceFile, NamesWhatCannotBeRead) {
  struct Ignore final : raw::EventSink {
    void on_event(const raw::Event& /*event*/) override {}
  } ignore;
  const auto missing = read_trace("/no/such/trace", ignore);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().what, "open(\"/no/such/trace\")");
  const auto other = read_trace(BOXTRACE_SOURCE_DIR "/CMakeLists.txt", ignore);
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.error().what, HasSubstr("not a boxtrace trace"));
  EXPECT_EQ(other.error().hint, "record a trace with: boxtrace record -o FILE -- CMD");
}

// The exit status of `boxtrace show` of a file that holds `text`; what it prints is dropped.
int show_status(const std::string& text) {
  const std::string file = ::testing::TempDir() + "/show_status.jsonl";
  std::ofstream(file, std::ios::binary) << text;
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const int status = run_show({file});
  ::testing::internal::GetCapturedStdout();
  ::testing::internal::GetCapturedStderr();
  std::filesystem::remove(file);
  return status;
}

TEST(Show, SaysByItsExitStatusThatAFileIsCutOrDamaged) {
  std::ifstream in(kTrace, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(show_status(whole), 0);
  EXPECT_EQ(show_status(whole.substr(0, whole.size() / 2)), 1);
  std::string damaged = whole;
  damaged.at(damaged.find("\n{") + 1) = '[';
  EXPECT_EQ(show_status(damaged), 1);
  EXPECT_EQ(show_status("no trace\n"), 125);
}

}  // namespace
}  // namespace boxtrace::cli
