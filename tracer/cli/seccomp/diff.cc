#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "decoders/bpf/causes.h"
#include "decoders/bpf/compare.h"
#include "decoders/bpf/outcome.h"
#include "tracer/base/text.h"
#include "tracer/cli/seccomp/source.h"
#include "tracer/cli/seccomp/verbs.h"

namespace boxtrace::cli::seccomp {
namespace {

constexpr const char* kDescription =
    R"(Compares two policies: filters, traces, running processes (pid:N), rules that `explain`
printed, or JSON profiles (the OCI's, docker's, a config.json). Either they are the same function of
every possible call, or each difference is told with a call that shows it and its likely cause.

Examples:
  boxtrace seccomp diff runc.bpf crun.bpf
  boxtrace seccomp diff profile.json pid:1234

Exit status: 0 the same policy, 1 different, 2 trouble.)";

struct Policies {
  bpf::Solution solution;
  bpf::Node left = 0;
  bpf::Node right = 0;
};

/// Both sides as functions of one diagram.
base::Result<Policies> solve_both(const Side& left, const Side& right) {
  std::vector<bpf::Program> programs;
  for (const Side* side : {&left, &right}) {
    if (side->stack) {
      const std::vector<bpf::Program> theirs = side->stack->programs();
      programs.insert(programs.end(), theirs.begin(), theirs.end());
    }
  }
  Policies out;
  out.solution = bpf::solve(programs, bpf::Answers::Ranked);
  if (std::find(out.solution.proven.begin(), out.solution.proven.end(), false) !=
      out.solution.proven.end()) {
    return base::Error{0, "a program computes more than could be solved",
                       "boxtrace seccomp explain shows which"};
  }
  if (out.solution.diagram == nullptr) {
    out.solution.diagram = std::make_unique<bpf::Diagram>(bpf::Effort{}.nodes);
  }
  bpf::Diagram& diagram = *out.solution.diagram;
  std::size_t used = 0;
  const auto root_of = [&](const Side& side) {
    if (side.stack) {
      const std::size_t count = side.stack->filters.size();
      const std::span<const bpf::Node> roots(out.solution.roots.data() + used, count);
      used += count;
      return bpf::without_deciders(diagram, bpf::compose(diagram, roots));
    }
    return bpf::build(diagram, out.solution.order,
                      side.rules ? *side.rules : bpf::policy_of(*side.profile));
  };
  out.left = root_of(left);
  out.right = root_of(right);
  return out;
}

std::string answer(std::uint64_t result) {
  return bpf::render_outcome(static_cast<std::uint32_t>(result));
}

std::string render_text(const std::vector<bpf::Difference>& differences, const Side& left,
                        const Side& right) {
  constexpr std::size_t kNames = 12;
  if (differences.empty()) {
    return fmt::format("{} and {} are the same policy\n", left.title, right.title);
  }
  std::string out = fmt::format("left: {}\nright: {}\n", left.title, right.title);
  for (const bpf::Difference& d : differences) {
    out += fmt::format("\n{}: {}\n  {} on the left, {} on the right{}\n  for example {}\n",
                       d.section.name, bpf::render_numbers(d.section, d.numbers, kNames),
                       answer(d.left), answer(d.right), d.conditional ? ", for some arguments" : "",
                       bpf::render_call(d.section, d.example));
    const std::string cause = bpf::likely_cause(d, left.profile ? &*left.profile : nullptr);
    if (!cause.empty()) {
      out += "  likely: " + cause + "\n";
    }
  }
  return out;
}

std::string render_json(const std::vector<bpf::Difference>& differences, const Side& left,
                        const Side& right) {
  nlohmann::ordered_json out = {
      {"left", left.title}, {"right", right.title}, {"same", differences.empty()}};
  out["differences"] = nlohmann::ordered_json::array();
  for (const bpf::Difference& d : differences) {
    out["differences"].push_back(
        {{"architecture", d.section.name},
         {"calls", bpf::render_numbers(d.section, d.numbers, ~std::size_t{0})},
         {"left", answer(d.left)},
         {"right", answer(d.right)},
         {"conditional", d.conditional},
         {"example", bpf::render_call(d.section, d.example)},
         {"cause", bpf::likely_cause(d, left.profile ? &*left.profile : nullptr)}});
  }
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

int run_diff(const Arguments& words) {
  CLI::App app{kDescription, "boxtrace seccomp diff"};
  set_usage(app, "boxtrace seccomp diff [OPTIONS] A B");
  std::string a;
  std::string b;
  bool as_json = false;
  bpf::ProfileContext context = bpf::docker_defaults();
  std::vector<std::string> caps;
  app.add_option("A", a, "A filter, a trace, rules, a profile, or pid:N")->required();
  app.add_option("B", b, "Another")->required();
  app.add_flag("--json", as_json, "Print one JSON document");
  app.add_option("--cap", caps, "A capability that docker's conditions may count on, too")
      ->allow_extra_args(false)
      ->type_name("CAP");
  if (const auto status = parse(app, words, kTrouble)) {
    return *status;
  }
  context.capabilities.insert(context.capabilities.end(), caps.begin(), caps.end());
  auto left = read_side(a, context);
  auto right = read_side(b, context);
  if (!left || !right) {
    print_error(left ? right.error() : left.error());
    return kTrouble;
  }
  // Causes are told of a profile on the left, which is where it belongs: it came first.
  if (right.value().profile && !left.value().profile) {
    std::swap(left.value(), right.value());
  }
  auto both = solve_both(left.value(), right.value());
  if (!both) {
    print_error(both.error());
    return kTrouble;
  }
  Policies& policies = both.value();
  const auto differences = bpf::find_differences(
      *policies.solution.diagram, policies.solution.order, policies.left, policies.right);
  if (!differences) {
    print_error({0, "the two differ in more places than can be told", {}});
    return kNot;
  }
  return print(as_json ? render_json(*differences, left.value(), right.value())
                       : render_text(*differences, left.value(), right.value()),
               differences->empty() ? kFine : kNot);
}

}  // namespace boxtrace::cli::seccomp
