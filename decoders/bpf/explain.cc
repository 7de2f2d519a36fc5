#include "decoders/bpf/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "decoders/bpf/compare.h"
#include "decoders/bpf/outcome.h"
#include "decoders/bpf/rules_text.h"

namespace boxtrace::bpf {
namespace {

bool holds(const Term& term, const Input& input, const Section& section) {
  const std::uint64_t value = argument(input, term.field, section.big_endian) & term.mask;
  const bool inside = std::any_of(
      term.ranges.begin(), term.ranges.end(),
      [value](const Range& range) { return range.first <= value && value <= range.last; });
  return inside != term.negated;
}

bool fits(const Rule& rule, const Input& input, const Section& section) {
  const std::uint64_t nr = input[kNumberWord];
  const bool numbered =
      std::any_of(rule.numbers.begin(), rule.numbers.end(),
                  [nr](const Range& range) { return range.first <= nr && nr <= range.last; });
  return numbered &&
         std::any_of(rule.when.begin(), rule.when.end(), [&](const Conjunction& conjunction) {
           return std::all_of(conjunction.begin(), conjunction.end(),
                              [&](const Term& term) { return holds(term, input, section); });
         });
}

const Section& section_for(const Policy& policy, const Input& input) {
  const std::uint64_t arch = input[kArchWord];
  for (const Section& section : policy.sections) {
    const bool here = std::any_of(
        section.archs.begin(), section.archs.end(),
        [arch](const Range& range) { return range.first <= arch && arch <= range.last; });
    if (here && is_number_of(section, input[kNumberWord])) {
      return section;
    }
  }
  return policy.sections.back();
}

}  // namespace

Explanation explain(std::span<const Program> programs) {
  Explanation out;
  const bool alone = programs.size() == 1;
  out.solution = solve(programs, alone ? Answers::Effective : Answers::Ranked);
  Diagram& diagram = *out.solution.diagram;
  out.deciders = alone ? out.solution.roots.front() : compose(diagram, out.solution.roots);
  out.root = alone ? out.deciders : without_deciders(diagram, out.deciders);
  const std::vector<bool>& proven = out.solution.proven;
  if (std::find(proven.begin(), proven.end(), false) != proven.end()) {
    out.doubt = "the program computes more than the diagram may hold";
  }
  const Effort effort;
  const std::size_t mark = diagram.size();
  diagram.set_limits(effort.nodes, diagram.steps() + effort.steps);
  out.policy = read_policy(diagram, out.solution.order, out.root);
  if (!out.policy) {
    out.doubt = "it is a computation rather than a list of rules";
  } else if (const auto again = parse_rules(render_rules(*out.policy)); !again.ok()) {
    out.doubt = "the rules do not read as they were written";
  } else if (build(diagram, out.solution.order, again.value()) != out.root) {
    out.doubt = diagram.overflowed() ? "the rules are too long to be proved"
                                     : "the rules do not rebuild the program";
  }
  if (diagram.overflowed()) {
    diagram.rollback(mark);
  }
  diagram.set_limits(effort.nodes, Diagram::kNoLimit);
  out.proven = out.doubt.empty();
  return out;
}

namespace {

Summary summarise_section(const Section& section) {
  Summary out{section.name, section.otherwise, 0, 0, 0};
  const std::uint32_t base = section.x32.value_or(false) ? kX32Bit : 0;
  const std::uint32_t limit = base + syscall_limit(section.abi);
  std::map<std::uint32_t, const Rule*> first;
  std::map<std::uint32_t, bool> conditional;
  for (const Rule& rule : section.rules) {
    for (const Range& range : rule.numbers) {
      for (std::uint64_t nr = range.first; nr <= range.last && nr < limit; ++nr) {
        const auto key = static_cast<std::uint32_t>(nr);
        first.emplace(key, &rule);
        conditional[key] = conditional[key] || !is_always(rule.when);
      }
    }
  }
  for (std::uint32_t nr = base; nr < limit; ++nr) {
    if (name_in(section, nr).empty()) {
      continue;
    }
    const auto rule = first.find(nr);
    const std::uint64_t result = rule == first.end() ? section.otherwise : rule->second->result;
    if (rule != first.end() && conditional[nr]) {
      ++out.conditional;
    } else if (result == kAllow || result == kLog) {
      ++out.allowed;
    } else {
      ++out.refused;
    }
  }
  return out;
}

}  // namespace

Summary summarise(const Policy& policy) {
  std::optional<Summary> first;
  for (const Section& section : policy.sections) {
    if (section.abi == raw::Abi::Unknown) {
      continue;
    }
    Summary summary = summarise_section(section);
    if (summary.refused + summary.conditional > 0) {
      return summary;  // each of systemd's filters is for one architecture and permits all others
    }
    first = first ? first : summary;
  }
  return first ? *first : summarise_section(policy.sections.front());
}

std::string render_default(const Summary& summary) {
  return summary.otherwise == kUndecided
             ? "UNDECIDED"
             : render_outcome(static_cast<std::uint32_t>(summary.otherwise));
}

std::string render_summary(const Summary& summary) {
  const bool refuses = summary.otherwise != kAllow && summary.otherwise != kLog;
  const std::size_t count = refuses ? summary.allowed + summary.conditional : summary.refused;
  constexpr std::string_view kUsual = "x86_64";
  std::string out = fmt::format(
      "{}default {}, {} {} call{}", summary.section == kUsual ? "" : summary.section + ": ",
      render_default(summary), refuses ? "allows" : "refuses", count, count == 1 ? "" : "s");
  return summary.conditional == 0 ? out
                                  : out + fmt::format(", {} with conditions", summary.conditional);
}

Verdict find_rule(const Policy& policy, const Input& input) {
  const Section& section = section_for(policy, input);
  for (const std::vector<Rule>& rules : {section.rules, inherited_rules(policy, section)}) {
    for (const Rule& rule : rules) {
      if (fits(rule, input, section)) {
        return {&section, rule, rule.result};
      }
    }
  }
  return {&section, std::nullopt, section.otherwise};
}

}  // namespace boxtrace::bpf
