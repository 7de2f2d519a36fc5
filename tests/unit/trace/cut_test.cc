// A trace that was cut at any place gives the events before the cut and no others.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/unit/trace/sample_events.h"
#include "tracer/trace/reader.h"

namespace boxtrace::trace {
namespace {

constexpr int kCuts = 1000;

std::vector<raw::Event> read_events(std::string_view text, ReadSummary& summary) {
  samples::Collector sink;
  TraceReader reader(sink);
  reader.feed(text);
  summary = reader.finish();
  return std::move(sink.events);
}

void expect_prefix_at_every_cut(const std::string& text) {
  ReadSummary whole_summary;
  const auto whole = read_events(text, whole_summary);
  ASSERT_TRUE(whole_summary.complete);
  ASSERT_EQ(whole_summary.problem_count, 0U);
  std::mt19937_64 random(20261122);  // fixed: a failure can be repeated
  for (int i = 0; i < kCuts; ++i) {
    const std::size_t cut = random() % text.size();
    SCOPED_TRACE(cut);
    ReadSummary summary;
    const auto events = read_events(std::string_view(text).substr(0, cut), summary);
    ASSERT_LE(events.size(), whole.size());
    ASSERT_TRUE(std::equal(events.begin(), events.end(), whole.begin()));
    const auto lines_before =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(cut), '\n');
    if (lines_before == 0) {
      ASSERT_TRUE(events.empty() || text[cut] == '\n');
      continue;
    }
    // All whole lines were read; the end record's newline is the last byte.
    ASSERT_EQ(summary.complete, cut + 1 == text.size());
    ASSERT_EQ(summary.problem_count, 0U);
    ASSERT_TRUE(summary.last.has_value());
    ASSERT_EQ(*summary.last, events.back().seq);
    ASSERT_GE(summary.lines, static_cast<std::uint64_t>(lines_before));
  }
}

TEST(Cut, ASampleOfEveryKindReadsAsAPrefix) {
  expect_prefix_at_every_cut(samples::joined(samples::lines_of(samples::all_kinds())));
}

TEST(Cut, EveryKeptTraceReadsAsAPrefix) {
  const std::filesystem::path folder = std::filesystem::path(BOXTRACE_SOURCE_DIR) / "traces";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "no traces are kept";
  }
  // Parsing a large trace a thousand times takes minutes, so each is cut down to its first records.
  constexpr std::size_t kRecords = 80;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".jsonl") {
      continue;
    }
    SCOPED_TRACE(entry.path().filename());
    std::ifstream file(entry.path());
    std::string text;
    std::string line;
    for (std::size_t i = 0; std::getline(file, line); ++i) {
      if (i < kRecords) {
        text += line + "\n";
      }
    }
    ReadSummary summary;
    const auto events = read_events(text, summary);
    ASSERT_FALSE(summary.refused());
    if (!summary.complete) {
      raw::Event end;
      end.seq = {summary.last->value + 1};
      end.body = raw::End{};
      text += samples::lines_of({end})[0];
    }
    expect_prefix_at_every_cut(text);
  }
}

}  // namespace
}  // namespace boxtrace::trace
