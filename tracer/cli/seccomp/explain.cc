#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "decoders/bpf/compare.h"
#include "decoders/bpf/outcome.h"
#include "decoders/bpf/policy_json.h"
#include "decoders/bpf/rules_text.h"
#include "tracer/cli/seccomp/source.h"
#include "tracer/cli/seccomp/verbs.h"

namespace boxtrace::cli::seccomp {
namespace {

constexpr const char* kDescription =
    R"(Says what a seccomp filter permits, as rules. The rules are proved: read back, they make the
same function of all inputs as the program; where that could not be shown, the first line says
NOT PROVEN. Several filters are told as the one policy that they make together.

Examples:
  boxtrace seccomp explain filter.bpf
  boxtrace seccomp explain -p 1234
  boxtrace seccomp explain demo.jsonl

In a section the first rule that fits a call decides. An argument's name is its 64-bit value,
low(x) and high(x) are its halves; on 32-bit architectures the name means the low half.)";

std::string heading(const Stack& stack, const bpf::Explanation& explained) {
  std::string out = "# " + stack.title + ": ";
  for (std::size_t i = 0; i < stack.filters.size(); ++i) {
    const LoadedFilter& filter = stack.filters[i];
    out += fmt::format("{}{} instructions{}", i == 0 ? "" : " + ", filter.program.size(),
                       filter.origin.empty() ? "" : " (" + filter.origin + ")");
  }
  if (stack.filters.size() > 1) {
    out += ", together";
  }
  return out + "\n# " +
         (explained.proven ? "proved: the rules are the program"
                           : "NOT PROVEN: " + explained.doubt) +
         "\n";
}

/// For stacks: how many calls each filter decides about, on the first architecture with names.
std::string deciders(const Stack& stack, bpf::Explanation& explained) {
  std::string out;
  bpf::Diagram& diagram = *explained.solution.diagram;
  for (std::size_t i = 0; i < stack.filters.size(); ++i) {
    const bpf::Node its = diagram.replace(explained.deciders, bpf::Diagram::kEnd, [&](bpf::Node n) {
      return diagram.answer(bpf::decided_by(diagram.value(n)) == i ? 1 : 0);
    });
    const auto differences =
        bpf::find_differences(diagram, explained.solution.order, its, diagram.answer(0));
    if (!differences) {
      continue;
    }
    for (const bpf::Difference& difference : *differences) {
      if (!difference.section.archs.empty() && difference.section.name != bpf::kOthers) {
        out += fmt::format("# filter {} decides{} on {}: {}\n", i + 1,
                           difference.conditional ? ", for some arguments," : "",
                           difference.section.name,
                           bpf::render_numbers(difference.section, difference.numbers, 8));
      }
    }
  }
  return out;
}

}  // namespace

int run_explain(const Arguments& words) {
  CLI::App app{kDescription, "boxtrace seccomp explain"};
  set_usage(app, "boxtrace seccomp explain [OPTIONS] FILE... | -p PID");
  SourceOptions source;
  ViewOptions view;
  bool as_json = false;
  add_source_options(app, source);
  app.add_flag("--json", as_json, "Print one JSON document");
  add_layout_options(app, view);
  if (const auto status = parse(app, words, kToolFailure)) {
    return *status;
  }
  const auto stacks = read_stacks(source);
  if (!stacks) {
    print_error(stacks.error());
    return kToolFailure;
  }
  const sinks::TextOptions layout = text_options(view, STDOUT_FILENO);
  const bpf::TextStyle style{layout.width == 0 ? ~std::size_t{0} : layout.width, layout.color};
  std::string text;
  std::vector<std::string> documents;
  bool all_proven = true;
  for (const Stack& stack : stacks.value()) {
    bpf::Explanation explained = bpf::explain(stack.programs());
    all_proven = all_proven && explained.proven;
    if (as_json) {
      documents.push_back(bpf::render_json(stack.title, stack.programs(), explained));
      continue;
    }
    text += (text.empty() ? "" : "\n") + heading(stack, explained);
    if (stack.filters.size() > 1) {
      text += deciders(stack, explained);
    }
    text += explained.policy ? bpf::render_rules(*explained.policy, style) : "";
  }
  if (as_json) {
    text = "[" + fmt::format("{}", fmt::join(documents, ",\n")) + "]\n";
  }
  return print(text, all_proven ? kFine : kNot);
}

}  // namespace boxtrace::cli::seccomp
