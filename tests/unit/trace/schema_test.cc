// Every line that the writer makes fulfils the published schema, and the schema can say no.

#include "tracer/trace/schema.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "tests/unit/trace/sample_events.h"
#include "tracer/trace/writer.h"

namespace boxtrace::trace {
namespace {

using Json = nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

class SchemaTest : public ::testing::Test {
 protected:
  SchemaTest() {
    document_ = Json::parse(schema_text());
    const Adapter adapter(document_);
    valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(adapter, schema_);
  }

  [[nodiscard]] bool fulfils(const Json& line) {
    const Adapter adapter(line);
    return valijson::Validator(valijson::Validator::kStrongTypes)
        .validate(schema_, adapter, nullptr);
  }
  [[nodiscard]] bool fulfils(const std::string& line) { return fulfils(Json::parse(line)); }

 private:
  Json document_;
  valijson::Schema schema_;
};

using Schema = SchemaTest;

TEST_F(Schema, HoldsForEveryKindOfRecord) {
  for (const std::string& line : samples::lines_of(samples::all_kinds())) {
    EXPECT_TRUE(fulfils(line)) << line;
  }
  MilestoneRecord milestone;
  milestone.id = "ns.new";
  milestone.evidence = {{1}};
  milestone.title = "\xff";
  milestone.facts = {{"how", "unshare"}};
  EXPECT_TRUE(fulfils(TraceWriter().render_line(milestone)));
}

TEST_F(Schema, RefusesMissingUnknownAndMistypedMembers) {
  for (const std::string& text : samples::lines_of(samples::all_kinds())) {
    const Json line = Json::parse(text);
    for (const auto& [name, value] : line.items()) {
      if (name == "task" || name == "proc" || name == "child" || name == "creator" ||
          name == "by" || name == "injected" || name == "siginfo" || name == "sender" ||
          name == "name" || name == "err" || name == "ret" ||
          (name == "tid" && line.value("ev", "") != "start") || line["type"] == "state" ||
          name == "fds" || name == "every_call" || name == "stack" || name == "site") {
        continue;  // may be absent
      }
      Json without = line;
      without.erase(name);
      EXPECT_FALSE(fulfils(without)) << name << " in " << text;
    }
    for (const auto& [name, value] : line.items()) {
      Json mistyped = line;
      mistyped[name] = nullptr;
      EXPECT_FALSE(fulfils(mistyped)) << name << " in " << text;
    }
    Json more = line;
    more["surprise"] = 1;
    EXPECT_FALSE(fulfils(more)) << text;
  }
}

TEST_F(Schema, HoldsForEveryLineOfEveryKeptTrace) {
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
    for (int number = 1; std::getline(file, line); ++number) {
      ASSERT_TRUE(fulfils(line)) << entry.path().filename() << ":" << number << ": " << line;
    }
  }
}

}  // namespace
}  // namespace boxtrace::trace
