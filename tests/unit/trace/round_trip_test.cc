#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/trace/sample_events.h"
#include "tracer/base/text.h"
#include "tracer/trace/json_text.h"
#include "tracer/trace/record.h"
#include "tracer/trace/writer.h"

namespace boxtrace::trace {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

std::string_view without_newline(std::string_view line) { return line.substr(0, line.size() - 1); }

TEST(RoundTrip, EveryKindOfEventComesBackEqual) {
  const auto events = samples::all_kinds();
  const auto lines = samples::lines_of(events);
  for (std::size_t i = 0; i < events.size(); ++i) {
    SCOPED_TRACE(lines[i]);
    ASSERT_THAT(lines[i], EndsWith("\n"));
    ASSERT_THAT(without_newline(lines[i]), Not(HasSubstr("\n")));
    const auto record = parse_record(without_newline(lines[i]));
    ASSERT_TRUE(record.ok()) << record.error().what;
    const auto* event = std::get_if<raw::Event>(&record.value());
    ASSERT_NE(event, nullptr);
    EXPECT_TRUE(*event == events[i]);
  }
}

TEST(RoundTrip, EveryLineIsUtf8) {
  for (const std::string& line : samples::lines_of(samples::all_kinds())) {
    EXPECT_TRUE(base::is_utf8(line)) << line;
  }
}

TEST(RoundTrip, MilestonesComeBackEqual) {
  MilestoneRecord milestone;
  milestone.number = 3;
  milestone.id = "ns.new";
  milestone.phase = "isolate";
  milestone.task = {7};
  milestone.role = "runc:[1:CHILD]";
  milestone.evidence = {{39}, {~0ULL}};
  milestone.title = "5 new namespaces \xff";
  milestone.facts = {{"how", "unshare"}, {"how", "twice the same name"}, {"", ""}};
  const std::string line = TraceWriter().render_line(milestone);
  const auto record = parse_record(without_newline(line));
  ASSERT_TRUE(record.ok()) << record.error().what;
  const auto* parsed = std::get_if<MilestoneRecord>(&record.value());
  ASSERT_NE(parsed, nullptr);
  EXPECT_TRUE(*parsed == milestone);
}

TEST(Writer, NamesTheProcessAndTheThreadOfEachRecord) {
  const auto lines = samples::lines_of(samples::all_kinds());
  EXPECT_THAT(lines[4], HasSubstr(R"("task":2,"proc":"p1","tid":101)"));
  EXPECT_THAT(lines[5], HasSubstr(R"("task":2,"proc":"p1","tid":101)"));
  EXPECT_THAT(lines[15], Not(HasSubstr("\"proc\"")));
}

TEST(Writer, ATaskHasTheNumberOfItsLeaderAfterItsExec) {
  auto events = samples::all_kinds();
  events.resize(5);
  raw::Event exec;
  exec.seq = {5};
  exec.task = {2};
  exec.body = raw::TaskExeced{{101}, "/bin/true"};
  events.push_back(exec);
  EXPECT_THAT(samples::lines_of(events).back(), HasSubstr(R"("task":2,"proc":"p1","tid":100)"));
}

TEST(Writer, FailedCallsReadLikeC) {
  const auto lines = samples::lines_of(samples::all_kinds());
  EXPECT_THAT(lines[6], HasSubstr(R"("outcome":"failed","ret":-1,"err":{"no":1,"name":"EPERM"})"));
  EXPECT_THAT(lines[8],
              HasSubstr(R"("outcome":"restarting","err":{"no":512,"name":"ERESTARTSYS"})"));
}

TEST(Writer, KeepsNumbersBeyondDoublesAsStrings) {
  JsonText json;
  json.begin_array();
  json.integer((std::int64_t{1} << 53) - 1);
  json.integer(std::int64_t{1} << 53);
  json.integer(-(std::int64_t{1} << 53));
  json.integer(~std::uint64_t{0});
  json.end_array();
  EXPECT_EQ(json.take(), R"([9007199254740991,"9007199254740992","-9007199254740992",)"
                         R"("18446744073709551615"])");
}

}  // namespace
}  // namespace boxtrace::trace
