#include <unistd.h>

#include <CLI/CLI.hpp>

#include "tracer/cli/options.h"
#include "tracer/trace/schema.h"

namespace boxtrace::cli {
namespace {

constexpr const char* kDescription =
    R"(Prints the JSON Schema (draft 7) that every line of a trace fulfils.

Examples:
  boxtrace schema > trace.schema.json
  boxtrace schema | jq '.definitions | keys')";

}  // namespace

int run_schema(const Arguments& words) {
  CLI::App app{kDescription, "boxtrace schema"};
  set_usage(app, "boxtrace schema");
  if (const auto status = parse(app, words, kToolFailure)) {
    return *status;
  }
  Output out = Output::stream(STDOUT_FILENO, Output::Flush::Blocks);
  out.write(trace::schema_text());
  if (const auto finished = out.finish(); !finished) {
    print_error(finished.error());
    return kToolFailure;
  }
  return 0;
}

}  // namespace boxtrace::cli
