// The recorded traces in traces/, shown in every form. A text that changed on purpose is accepted
// with
//   UPDATE_GOLDEN=1 ctest --preset dev -L golden
// which rewrites the files here and still fails, so that it cannot pass unseen; review `git diff`.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "decoders/registry.h"
#include "tracer/base/text.h"
#include "tracer/sinks/text.h"
#include "tracer/timeline/analysis.h"
#include "tracer/timeline/story_calls.h"
#include "tracer/trace/reader.h"

namespace boxtrace {
namespace {

namespace fs = std::filesystem;
using sinks::TextOptions;

const fs::path kTraces = fs::path(BOXTRACE_SOURCE_DIR) / "traces";
const fs::path kExpected = fs::path(BOXTRACE_SOURCE_DIR) / "tests/golden";

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<fs::path> traces() {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(kTraces)) {
    if (entry.path().extension() == ".jsonl") {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// Leaves out the calls that a filter of calls would not have stopped at.
class OnlyStoryCalls final : public raw::EventSink {
 public:
  explicit OnlyStoryCalls(timeline::Analysis& analysis) : analysis_(&analysis) {}
  void on_event(const raw::Event& event) override {
    const auto* syscall = std::get_if<raw::Syscall>(&event.body);
    const model::Task* task = analysis_->model().task(event.task);
    const bool has_filter = task != nullptr && task->creds.seccomp_filters > 0;
    if (syscall != nullptr && !has_filter) {
      const auto* spec = decoders::find_syscall(syscall->call.abi, syscall->call.nr);
      if (spec == nullptr || !timeline::story_calls().contains(*spec, syscall->call)) {
        ++left_out;
        return;
      }
    }
    analysis_->on_event(event);
  }
  std::size_t left_out = 0;

 private:
  timeline::Analysis* analysis_;
};

/// The trace as text, in the form that does not depend on the run.
std::string show(const fs::path& trace, TextOptions::Zoom zoom, bool only_story_calls = false) {
  std::string text;
  TextOptions options;
  options.zoom = zoom;
  options.stable = true;
  sinks::TextSink sink(options, [&text](std::string_view lines) { text += lines; });
  timeline::Analysis analysis;
  analysis.add_listener(sink);
  OnlyStoryCalls fewer(analysis);
  raw::EventSink& all = analysis;
  trace::TraceReader reader(only_story_calls ? fewer : all);
  reader.feed(read_text(trace));
  const trace::ReadSummary summary = reader.finish();
  analysis.finish();
  EXPECT_THAT(trace::render_problems(summary), testing::IsEmpty()) << trace;
  EXPECT_EQ(fewer.left_out > 0, only_story_calls);
  return text;
}

/// The first line in which the two differ, with the line before it.
std::string first_difference(const std::string& expected, const std::string& actual) {
  const auto want = base::split(expected, '\n');
  const auto got = base::split(actual, '\n');
  for (std::size_t i = 0; i < std::max(want.size(), got.size()); ++i) {
    const auto line = [i](const auto& lines) {
      return i < lines.size() ? std::string(lines[i]) : std::string("(no line)");
    };
    if (line(want) != line(got)) {
      return "line " + std::to_string(i + 1) + "\n  expected: " + line(want) +
             "\n  now:      " + line(got);
    }
  }
  return {};
}

void compare(const fs::path& trace, TextOptions::Zoom zoom, const std::string& form) {
  const fs::path golden = kExpected / (trace.stem().string() + "." + form + ".txt");
  const std::string actual = show(trace, zoom);
  const std::string expected = read_text(golden);
  if (actual == expected) {
    return;
  }
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(golden, std::ios::binary) << actual;
    ADD_FAILURE() << "updated " << golden.filename() << "; review git diff";
    return;
  }
  ADD_FAILURE() << golden.filename() << ", " << first_difference(expected, actual)
                << "\naccept with: UPDATE_GOLDEN=1 ctest --preset dev -L golden";
}

class Traces : public testing::TestWithParam<fs::path> {};

TEST_P(Traces, TellTheirStory) { compare(GetParam(), TextOptions::Zoom::Story, "story"); }

TEST_P(Traces, ShowTheirEvents) { compare(GetParam(), TextOptions::Zoom::Events, "events"); }

// Every call of a large runtime is half a megabyte of text, so only traces of up to 2,000 lines
// keep theirs; the others are still shown, and must show each call once.
TEST_P(Traces, ShowEveryCall) {
  const std::string recorded = read_text(GetParam());
  if (std::count(recorded.begin(), recorded.end(), '\n') <= 2000) {
    compare(GetParam(), TextOptions::Zoom::Calls, "calls");
    return;
  }
  const std::string text = show(GetParam(), TextOptions::Zoom::Calls);
  std::size_t calls = 0;
  for (const std::string_view line : base::split(recorded, '\n')) {
    calls += line.find("\"type\":\"syscall\"") != std::string_view::npos ? 1U : 0U;
  }
  EXPECT_GE(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), calls);
}

TEST_P(Traces, TellTheSameWhenOnlyTheCallsOfAStoryWereRecorded) {
  for (const auto zoom : {TextOptions::Zoom::Story, TextOptions::Zoom::Events}) {
    EXPECT_EQ(first_difference(show(GetParam(), zoom), show(GetParam(), zoom, true)), "");
  }
}

TEST_P(Traces, AreTheSameWhenShownTwice) {
  EXPECT_EQ(show(GetParam(), TextOptions::Zoom::Story), show(GetParam(), TextOptions::Zoom::Story));
}

std::string test_name(const testing::TestParamInfo<fs::path>& trace) {
  std::string name = trace.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Recorded, Traces, testing::ValuesIn(traces()), test_name);

TEST(GoldenTexts, BelongToATraceThatExists) {
  for (const fs::directory_entry& entry : fs::directory_iterator(kExpected)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() == ".txt" && name != "CMakeLists.txt") {
      const std::string trace = name.substr(0, name.find('.')) + ".jsonl";
      EXPECT_TRUE(fs::exists(kTraces / trace)) << name;
    }
  }
}

TEST(TracesFolder, ExplainsEachOfItsTraces) {
  const std::string readme = read_text(kTraces / "README.md");
  for (const fs::path& trace : traces()) {
    EXPECT_THAT(readme, testing::HasSubstr(trace.filename().string()));
  }
}

}  // namespace
}  // namespace boxtrace
