#include <unistd.h>

#include <CLI/CLI.hpp>
#include <string>

#include "tracer/cli/options.h"
#include "tracer/cli/strace_launch.h"
#include "tracer/cli/strace_options.h"
#include "tracer/cli/trace_file.h"
#include "tracer/sinks/text.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::cli {
namespace {

constexpr int kDamaged = 1;  // all that could be read was shown

constexpr const char* kDescription =
    R"(Prints the story of a recorded trace, exactly as the live run printed it.

Examples:
  boxtrace show demo.jsonl
  boxtrace show -vv demo.jsonl | grep mount)";

}  // namespace

int run_show(const Arguments& words) {
  if (has_strace_style(words)) {
    return run_strace_show(words);
  }
  CLI::App app{kDescription, "boxtrace show"};
  set_usage(app, "boxtrace show [OPTIONS] FILE");
  ViewOptions view;
  std::string file;
  add_view_options(app, view);
  app.add_option("FILE", file, "A trace; - reads standard input")->required();
  if (const auto status = parse(app, words, kToolFailure)) {
    return *status;
  }
  const auto injections = choose(view);
  if (!injections || !injections.value().empty()) {
    print_error(injections ? base::Error{0, "a recorded trace has no calls to meddle with",
                                         "leave out -e inject= and -e fault="}
                           : injections.error());
    return kToolFailure;
  }
  Output out = Output::stream(STDOUT_FILENO, Output::Flush::Blocks);
  timeline::Analysis analysis;
  sinks::TextSink printer(text_options(view, STDOUT_FILENO),
                          [&out](std::string_view text) { out.write(text); });
  analysis.add_listener(printer);
  const auto summary = read_trace(file, analysis);
  if (!summary) {
    print_error(summary.error());
    return kToolFailure;
  }
  analysis.finish();
  if (const auto finished = out.finish(); !finished) {
    print_error(finished.error());
    return kToolFailure;
  }
  print_problems(file, summary.value());
  const bool whole = summary.value().complete && summary.value().problem_count == 0;
  return whole ? 0 : kDamaged;
}

}  // namespace boxtrace::cli
