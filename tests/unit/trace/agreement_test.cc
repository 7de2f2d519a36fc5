// A syscall record says the same thing twice: decoded for people, raw for later decoders. Writing
// the event that was read from the raw part must give the same line again, decoded part included.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/trace/sample_events.h"
#include "tracer/trace/record.h"
#include "tracer/trace/writer.h"

namespace boxtrace::trace {
namespace {

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
    TraceWriter writer;
    for (int number = 1; std::getline(file, line); ++number) {
      const auto record = parse_record(line);
      ASSERT_TRUE(record.ok()) << entry.path().filename() << ":" << number;
      if (const auto* event = std::get_if<raw::Event>(&record.value())) {
        ASSERT_EQ(writer.render_line(*event), line + "\n")
            << entry.path().filename() << ":" << number;
      }
    }
  }
}

}  // namespace
}  // namespace boxtrace::trace
