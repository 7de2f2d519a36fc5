#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "decoders/bpf/lint.h"
#include "tracer/cli/seccomp/source.h"
#include "tracer/cli/seccomp/verbs.h"

namespace boxtrace::cli::seccomp {
namespace {

constexpr const char* kDescription =
    R"(Looks for mistakes that filters often have: calls that are refused while another that does the
same is not, architectures that are not checked, arguments compared with the wrong width, calls that
no filter is shown. Each finding names a call that shows it.

Examples:
  boxtrace seccomp lint filter.bpf
  boxtrace seccomp lint -p 1234

Exit status: 0 nothing found, 1 findings, 2 trouble.)";

}  // namespace

int run_lint(const Arguments& words) {
  CLI::App app{kDescription, "boxtrace seccomp lint"};
  set_usage(app, "boxtrace seccomp lint [OPTIONS] FILE... | -p PID");
  SourceOptions source;
  bool as_json = false;
  add_source_options(app, source);
  app.add_flag("--json", as_json, "Print one JSON document");
  if (const auto status = parse(app, words, kTrouble)) {
    return *status;
  }
  const auto stack = read_stack(source);
  if (!stack) {
    print_error(stack.error());
    return kTrouble;
  }
  const bpf::Explanation explained = bpf::explain(stack.value().programs());
  if (!explained.policy) {
    print_error({0, stack.value().title + ": " + explained.doubt, {}});
    return kTrouble;
  }
  const std::vector<bpf::Finding> findings = bpf::find_mistakes(explained);
  std::string text;
  auto json = nlohmann::ordered_json::array();
  const std::string how = source.pid
                              ? fmt::format("-p {}", *source.pid)
                              : (source.files.empty() ? std::string() : source.files.front());
  for (const bpf::Finding& finding : findings) {
    json.push_back(
        {{"id", finding.id}, {"text", finding.text}, {"why", finding.why}, {"call", finding.call}});
    text += fmt::format("{}: {}\n  {}\n", finding.id, finding.text, finding.why);
    if (!finding.call.empty()) {
      text += fmt::format("  see: boxtrace seccomp test {} {}\n", how, finding.call);
    }
  }
  if (findings.empty()) {
    text = stack.value().title + ": nothing found\n";
  }
  return print(as_json ? json.dump(2) + "\n" : text, findings.empty() ? kFine : kNot);
}

}  // namespace boxtrace::cli::seccomp
