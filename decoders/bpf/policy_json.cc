#include "decoders/bpf/policy_json.h"

#include <nlohmann/json.hpp>

#include "decoders/bpf/outcome.h"
#include "decoders/bpf/rules_text.h"

namespace boxtrace::bpf {
namespace {

using Json = nlohmann::ordered_json;

std::string answer_text(std::uint64_t result) {
  return result == kUndecided ? "UNDECIDED" : render_outcome(static_cast<std::uint32_t>(result));
}

Json json_of(const Condition& condition) {
  Json any = Json::array();
  for (const Conjunction& conjunction : condition) {
    Json all = Json::array();
    for (const Term& term : conjunction) {
      Json ranges = Json::array();
      for (const Range& range : term.ranges) {
        ranges.push_back({range.first, range.last});
      }
      all.push_back({{"field", term.field},
                     {"mask", term.mask},
                     {"inside", !term.negated},
                     {"ranges", std::move(ranges)}});
    }
    any.push_back(std::move(all));
  }
  return any;
}

Json json_of(const Section& section, const Rule& rule) {
  Json calls = Json::array();
  Json numbers = Json::array();
  for (const Range& range : rule.numbers) {
    numbers.push_back({range.first, range.last});
    for (std::uint64_t nr = range.first; nr <= range.last && nr < range.first + 4096; ++nr) {
      const std::string_view name = name_in(section, static_cast<std::uint32_t>(nr));
      if (!name.empty()) {
        calls.push_back(name);
      }
    }
  }
  Json out = {{"action", answer_text(rule.result)},
              {"calls", std::move(calls)},
              {"numbers", std::move(numbers)}};
  if (!is_always(rule.when)) {
    const std::string text = render_rule(section, rule, ~std::size_t{0});
    out["condition"] = text.substr(text.find(" if ") + 4);
    out["terms"] = json_of(rule.when);
  }
  return out;
}

}  // namespace

std::string render_json(std::string_view source, std::span<const Program> programs,
                        const Explanation& explained) {
  Json out = {{"source", source}, {"instructions", Json::array()}, {"proven", explained.proven}};
  for (const Program& program : programs) {
    out["instructions"].push_back(program.size());
  }
  if (!explained.proven) {
    out["doubt"] = explained.doubt;
  }
  out["sections"] = Json::array();
  const Policy empty;
  for (const Section& section : explained.policy ? explained.policy->sections : empty.sections) {
    Json one = {{"name", section.name}};
    if (!section.like.empty()) {
      one["like"] = section.like;
    }
    one["rules"] = Json::array();
    for (const Rule& rule : section.rules) {
      one["rules"].push_back(json_of(section, rule));
    }
    one["default"] = answer_text(section.otherwise);
    out["sections"].push_back(std::move(one));
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace boxtrace::bpf
