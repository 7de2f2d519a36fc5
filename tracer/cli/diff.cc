#include <unistd.h>

#include <CLI/CLI.hpp>
#include <string>

#include "tracer/cli/options.h"
#include "tracer/cli/trace_file.h"
#include "tracer/diff/compare.h"
#include "tracer/diff/report.h"
#include "tracer/diff/subject.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::cli {
namespace {

constexpr int kSame = 0;
constexpr int kDiffers = 1;
constexpr int kTrouble = 2;

constexpr const char* kDescription =
    R"(Compares two recorded traces: their milestones, and the state of the container at the exec
that ends its creation. What differs from run to run (pids, inode numbers, times, the
container's id and directories) is left out by where it comes from.

Examples:
  boxtrace diff yesterday.jsonl today.jsonl
  boxtrace diff --json runc.jsonl crun.jsonl | jq .state

Exit status: 0 the same, 1 different, 2 trouble.)";

base::Result<diff::Subject> read_subject(const std::string& file, bool allow_incomplete) {
  timeline::Analysis analysis;
  diff::SubjectCollector collector;
  analysis.add_listener(collector);
  TRY(const trace::ReadSummary summary, read_trace(file, analysis));
  analysis.finish();
  print_problems(file, summary);
  if ((!summary.complete || summary.problem_count > 0) && !allow_incomplete) {
    return base::Error{0, file + " is incomplete, and what is missing could be a difference",
                       "--allow-incomplete compares what there is"};
  }
  return collector.take(analysis, file);
}

}  // namespace

int run_diff(const Arguments& words) {
  CLI::App app{kDescription, "boxtrace diff"};
  set_usage(app, "boxtrace diff [OPTIONS] A B");
  std::string left_file;
  std::string right_file;
  bool as_json = false;
  bool allow_incomplete = false;
  ViewOptions view;
  app.add_option("A", left_file, "A recorded trace")->required();
  app.add_option("B", right_file, "Another one")->required();
  app.add_flag("--json", as_json, "Print one JSON document");
  app.add_flag("--allow-incomplete", allow_incomplete,
               "Compare traces that were cut off or damaged");
  add_layout_options(app, view);
  if (const auto status = parse(app, words, kTrouble)) {
    return *status;
  }
  const auto left = read_subject(left_file, allow_incomplete);
  const auto right = read_subject(right_file, allow_incomplete);
  if (!left || !right) {
    print_error(left ? right.error() : left.error());
    return kTrouble;
  }
  const diff::Comparison comparison = diff::compare(left.value(), right.value());
  const sinks::TextOptions layout = text_options(view, STDOUT_FILENO);
  Output out = Output::stream(STDOUT_FILENO, Output::Flush::Blocks);
  out.write(as_json ? diff::render_json(comparison)
                    : diff::render_report(comparison, {layout.width, layout.color}));
  if (const auto finished = out.finish(); !finished) {
    print_error(finished.error());
    return kTrouble;
  }
  return comparison.same() ? kSame : kDiffers;
}

}  // namespace boxtrace::cli
