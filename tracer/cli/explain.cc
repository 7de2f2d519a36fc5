#include "tracer/teach/explain.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tracer/base/text.h"
#include "tracer/cli/options.h"
#include "tracer/cli/trace_file.h"
#include "tracer/teach/topic.h"
#include "tracer/teach/trace_uses.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::cli {
namespace {

constexpr const char* kDescription =
    R"(Says what a system call, flag, namespace, capability, signal or error is about: what it
does, what changes in /proc, the mistake that people make with it, and where to read on.
With a trace, where that used it.

Examples:
  boxtrace explain CLONE_NEWPID
  boxtrace explain pivot_root demo.jsonl

WORD may be in lower case, without its prefix (newpid, sys_admin), a system call's number
on x86-64 (272), or a namespace ("pid namespace").)";

base::Error unknown_word(const std::string& word, const std::vector<std::string>& suggestions) {
  base::Error error{0, "nothing is known of " + base::quote(word), {}};
  error.hint = suggestions.empty()
                   ? "a system call, flag, namespace, capability, signal or error can be explained"
                   : "did you mean " + base::join(suggestions, ", ") + "?";
  return error;
}

}  // namespace

int run_explain(const Arguments& words) {
  CLI::App app{kDescription, "boxtrace explain"};
  set_usage(app, "boxtrace explain [OPTIONS] WORD [TRACE]");
  std::string word;
  std::string file;
  ViewOptions view;
  app.add_option("WORD", word, "What to explain")->required();
  app.add_option("TRACE", file, "A recorded trace; - reads standard input");
  add_layout_options(app, view);
  if (const auto status = parse(app, words, kToolFailure)) {
    return *status;
  }
  const teach::Search search = teach::find_topics(word);
  if (search.topics.empty()) {
    print_error(unknown_word(word, search.suggestions));
    return 1;
  }
  std::optional<std::vector<teach::Use>> uses;
  if (!file.empty()) {
    timeline::Analysis analysis;
    teach::UseFinder finder(search.topics);
    analysis.add_listener(finder);
    const auto summary = read_trace(file, analysis);
    if (!summary) {
      print_error(summary.error());
      return kToolFailure;
    }
    analysis.finish();
    print_problems(file, summary.value());
    uses = finder.uses();
  }
  const sinks::TextOptions layout = text_options(view, STDOUT_FILENO);
  Output out = Output::stream(STDOUT_FILENO, Output::Flush::Blocks);
  out.write(teach::render_explanation(search, uses, {layout.width, layout.color}));
  if (const auto finished = out.finish(); !finished) {
    print_error(finished.error());
    return kToolFailure;
  }
  return 0;
}

}  // namespace boxtrace::cli
