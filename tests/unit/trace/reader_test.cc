#include "tracer/trace/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/trace/sample_events.h"
#include "tracer/trace/writer.h"

namespace boxtrace::trace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Reading {
  std::vector<raw::Event> events;
  ReadSummary summary;
};

Reading read(std::string_view text, std::size_t piece = std::string_view::npos) {
  samples::Collector sink;
  TraceReader reader(sink);
  while (!text.empty()) {
    reader.feed(text.substr(0, piece));
    text.remove_prefix(std::min(piece, text.size()));
  }
  Reading reading;
  reading.summary = reader.finish();
  reading.events = std::move(sink.events);
  return reading;
}

std::vector<ReadProblem::Kind> kinds(const ReadSummary& summary) {
  std::vector<ReadProblem::Kind> list;
  for (const ReadProblem& problem : summary.problems) {
    list.push_back(problem.kind);
  }
  return list;
}

TEST(Reader, GivesBackWhatWasWritten) {
  const auto events = samples::all_kinds();
  const Reading reading = read(samples::joined(samples::lines_of(events)));
  EXPECT_TRUE(reading.events == events);
  EXPECT_TRUE(reading.summary.complete);
  EXPECT_EQ(reading.summary.events, events.size());
  EXPECT_THAT(render_problems(reading.summary), IsEmpty());
}

TEST(Reader, DoesNotMindHowTheFileIsCutIntoPieces) {
  const auto events = samples::all_kinds();
  const std::string text = samples::joined(samples::lines_of(events));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
    EXPECT_TRUE(read(text, piece).events == events) << piece;
  }
}

TEST(Reader, SaysAfterWhichRecordACutFileEnds) {
  auto lines = samples::lines_of(samples::all_kinds());
  lines.resize(5);
  lines.back().resize(lines.back().size() / 2);
  const Reading reading = read(samples::joined(lines));
  EXPECT_EQ(reading.events.size(), 4U);
  EXPECT_FALSE(reading.summary.complete);
  EXPECT_FALSE(reading.summary.refused());
  EXPECT_THAT(render_problems(reading.summary),
              ElementsAre("cut off after record 3: there is no end record"));
}

TEST(Reader, TakesALastLineThatOnlyLacksItsNewline) {
  std::string text = samples::joined(samples::lines_of(samples::all_kinds()));
  text.pop_back();
  EXPECT_TRUE(read(text).summary.complete);
}

TEST(Reader, PutsAGapWhereRecordsAreMissing) {
  auto lines = samples::lines_of(samples::all_kinds());
  lines.erase(lines.begin() + 3, lines.begin() + 5);
  const Reading reading = read(samples::joined(lines));
  EXPECT_THAT(kinds(reading.summary), ElementsAre(ReadProblem::Kind::Missing));
  EXPECT_EQ(reading.summary.problems[0].line, 4U);
  ASSERT_GT(reading.events.size(), 4U);
  EXPECT_EQ(reading.events[3].seq.value, 3U);
  const auto* gap = std::get_if<raw::Gap>(&reading.events[3].body);
  ASSERT_NE(gap, nullptr);
  EXPECT_EQ(gap->reason, "records 3 to 4 are missing from the trace file");
  EXPECT_EQ(reading.events[4].seq.value, 5U);
}

TEST(Reader, SkipsABadLineAndNamesItAndTheGap) {
  auto lines = samples::lines_of(samples::all_kinds());
  lines[2] = "{\"type\":\"process\",\"seq\":2,\n";
  const Reading reading = read(samples::joined(lines));
  EXPECT_THAT(kinds(reading.summary),
              ElementsAre(ReadProblem::Kind::BadLine, ReadProblem::Kind::Missing));
  EXPECT_EQ(reading.summary.problems[0].line, 3U);
  EXPECT_THAT(render_problems(reading.summary),
              ElementsAre("line 3: not a line of JSON", "line 4: record 2 is missing"));
}

TEST(Reader, NamesTheMemberThatIsWrong) {
  const auto problem = [](std::string_view from, std::string_view to) {
    auto lines = samples::lines_of(samples::all_kinds());
    const std::size_t at = lines[6].find(from);
    EXPECT_NE(at, std::string::npos) << lines[6];
    lines[6].replace(at, from.size(), to);
    const Reading reading = read(samples::joined(lines));
    return reading.summary.problems.empty() ? "none" : reading.summary.problems[0].what;
  };
  EXPECT_EQ(problem("\"outcome\":\"failed\",", ""), "outcome is missing");
  EXPECT_EQ(problem("\"failed\"", "\"weird\""), "outcome is none of the known words");
  EXPECT_EQ(problem("\"nr\":272", "\"nr\":-1"), "raw.nr is not an integer of its range");
  EXPECT_EQ(problem("\"nr\":272", "\"nr\":1e3"), "raw.nr is not an integer of its range");
  EXPECT_EQ(problem("\"task\":2", "\"task\":4294967296"), "task is not an integer of its range");
  EXPECT_EQ(problem("\"0x6c020000\",\"0x0\",", "\"0x6c020000\","),
            "raw.args does not have six items");
  EXPECT_EQ(problem("\"ip\":\"0x0\"", "\"ip\":\"zero\""), "raw.ip is not a number in hexadecimal");
  EXPECT_EQ(problem("\"err\":{\"no\":1,", "\"err\":{"), "err.no is missing");
  EXPECT_EQ(problem("\"raw\":{", "\"raw\":[],\"other\":{"), "raw. is not an object");
}

TEST(Reader, SkipsMembersAndTypesOfLaterVersions) {
  auto lines = samples::lines_of(samples::all_kinds());
  lines[6].insert(1, "\"colour\":[{\"x\":1}],");
  lines.insert(lines.begin() + 3, "{\"type\":\"diagnostic\",\"text\":\"from a later version\"}\n");
  const Reading reading = read(samples::joined(lines));
  EXPECT_TRUE(reading.events == samples::all_kinds());
  EXPECT_EQ(reading.summary.unknown, 1U);
  EXPECT_THAT(render_problems(reading.summary), IsEmpty());
}

TEST(Reader, RefusesWhatIsNoTrace) {
  for (const std::string_view text :
       {std::string_view(""), std::string_view("\n"), std::string_view("hello\n"),
        std::string_view("{}\n"), std::string_view("[1]\n"),
        std::string_view("{\"type\":\"zz\"}\n"),
        std::string_view("\x7f"
                         "ELF\x02\x01\0\0",
                         8)}) {
    const Reading reading = read(text);
    EXPECT_TRUE(reading.summary.refused()) << text;
    EXPECT_THAT(kinds(reading.summary), ElementsAre(ReadProblem::Kind::NotATrace)) << text;
    EXPECT_THAT(reading.summary.problems[0].hint, HasSubstr("boxtrace record")) << text;
    EXPECT_THAT(reading.events, IsEmpty());
  }
  auto lines = samples::lines_of(samples::all_kinds());
  lines.erase(lines.begin());
  EXPECT_TRUE(read(samples::joined(lines)).summary.refused());
}

TEST(Reader, SaysHowToReadACompressedTrace) {
  EXPECT_THAT(read("\x1f\x8b\b").summary.problems.at(0).hint, HasSubstr("gzip -dc"));
  EXPECT_THAT(read("\x28\xb5\x2f\xfd\x04").summary.problems.at(0).hint, HasSubstr("zstd -dc"));
}

TEST(Reader, RefusesAnotherFormAndNamesBoth) {
  std::string text = samples::joined(samples::lines_of(samples::all_kinds()));
  const std::string_view name = "urn:boxtrace:trace:1";
  text.replace(text.find(name), name.size(), "urn:boxtrace:trace:9");
  const Reading reading = read(text);
  EXPECT_THAT(kinds(reading.summary), ElementsAre(ReadProblem::Kind::OtherForm));
  EXPECT_EQ(reading.summary.problems[0].what, "the trace is of the form \"urn:boxtrace:trace:9\"");
  EXPECT_EQ(reading.summary.problems[0].hint,
            "this version reads urn:boxtrace:trace:1; use the one that wrote the trace");
  EXPECT_THAT(reading.events, IsEmpty());
}

TEST(Reader, SkipsRecordsThatRepeatOrFollowTheEnd) {
  auto lines = samples::lines_of(samples::all_kinds());
  const std::string repeated = lines[4];
  lines.insert(lines.begin() + 6, repeated);
  lines.insert(lines.begin() + 7, lines[0]);
  lines.push_back(repeated);
  const Reading reading = read(samples::joined(lines));
  EXPECT_TRUE(reading.events == samples::all_kinds());
  EXPECT_THAT(kinds(reading.summary),
              ElementsAre(ReadProblem::Kind::OutOfOrder, ReadProblem::Kind::OutOfOrder,
                          ReadProblem::Kind::AfterEnd));
}

TEST(Reader, PassesMilestonesOn) {
  auto lines = samples::lines_of(samples::all_kinds());
  MilestoneRecord milestone;
  milestone.id = "exec.final";
  lines.insert(lines.begin() + 3, TraceWriter().render_line(milestone));
  samples::Collector sink;
  std::vector<MilestoneRecord> seen;
  TraceReader reader(sink, [&](const MilestoneRecord& record) { seen.push_back(record); });
  reader.feed(samples::joined(lines));
  EXPECT_TRUE(reader.finish().complete);
  EXPECT_THAT(seen, ElementsAre(milestone));
}

TEST(Reader, SurvivesDeepNesting) {
  auto lines = samples::lines_of(samples::all_kinds());
  lines[5] = std::string(200'000, '[') + "\n";
  lines[6] =
      "{\"type\":\"state\",\"seq\":6,\"ts\":0,\"at\":\"call\",\"x\":" + std::string(100'000, '[') +
      std::string(100'000, ']') + "}\n";
  EXPECT_EQ(read(samples::joined(lines)).summary.problems[0].kind, ReadProblem::Kind::BadLine);
}

TEST(Reader, KeepsAtMostAHundredProblems) {
  std::string text = samples::lines_of(samples::all_kinds())[0];
  for (int i = 0; i < 500; ++i) {
    text += "x\n";
  }
  const Reading reading = read(text);
  EXPECT_EQ(reading.summary.problem_count, 500U);
  EXPECT_EQ(reading.summary.problems.size(), 100U);
  EXPECT_THAT(render_problems(reading.summary)[100], HasSubstr("400 more problems"));
}

}  // namespace
}  // namespace boxtrace::trace
