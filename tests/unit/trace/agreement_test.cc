// A syscall record says the same thing twice: decoded for people, raw for later decoders. Writing
// the event that was read from the raw part must give the same line again, decoded part included.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/unit/trace/sample_events.h"
#include "tracer/trace/record.h"
#include "tracer/trace/writer.h"

namespace boxtrace::trace {
namespace {

/// The decoded halves of kept traces are written anew, from the raw ones.
bool updates() { return std::getenv("UPDATE_TRACES") != nullptr; }

TEST(Agreement, TheSampleDecodesToItself) {
  const auto lines = samples::lines_of(samples::all_kinds());
  TraceWriter writer;
  for (const std::string& line : lines) {
    const auto record = parse_record(std::string_view(line).substr(0, line.size() - 1));
    ASSERT_TRUE(record.ok());
    EXPECT_EQ(writer.render_line(std::get<raw::Event>(record.value())), line);
  }
}

TEST(Agreement, EveryKeptTraceDecodesToItself) {
  const std::filesystem::path folder = std::filesystem::path(BOXTRACE_SOURCE_DIR) / "traces";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "no traces are kept";
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".jsonl") {
      continue;
    }
    std::ifstream file(entry.path());
    std::string line;
    std::string again;
    TraceWriter writer;
    for (int number = 1; std::getline(file, line); ++number) {
      const auto record = parse_record(line);
      ASSERT_TRUE(record.ok()) << entry.path().filename() << ":" << number;
      const auto* event = std::get_if<raw::Event>(&record.value());
      const std::string now = event != nullptr ? writer.render_line(*event) : line + "\n";
      again += now;
      if (now != line + "\n" && !updates()) {
        FAIL() << entry.path().filename() << ":" << number << "\n  recorded: " << line
               << "\n  now:      " << now << "accept with: UPDATE_TRACES=1";
      }
    }
    file.close();
    if (updates()) {
      std::ofstream(entry.path(), std::ios::binary) << again;
      ADD_FAILURE() << "updated " << entry.path().filename() << "; review git diff";
    }
  }
}

}  // namespace
}  // namespace boxtrace::trace
