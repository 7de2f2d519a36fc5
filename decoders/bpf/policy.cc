#include "decoders/bpf/policy.h"

#include <algorithm>

namespace boxtrace::bpf {
namespace {

constexpr std::uint64_t kLowMask = 0xffffffff;

/// The bits of a field, least significant first.
std::vector<Node> field_bits(Diagram& diagram, Order order, std::size_t field, bool big_endian) {
  const std::size_t word = field == kArguments ? kPointerWord : kArgumentWord + 2 * field;
  std::vector<Node> bits;
  for (unsigned i = 0; i < 2 * kWordBits; ++i) {
    const bool second = (i >= kWordBits) != big_endian;
    bits.push_back(diagram.bit(level_of(order, word + (second ? 1 : 0), i % kWordBits)));
  }
  return bits;
}

/// `first <= (bits & mask) <= last`.
Node in_range(Diagram& d, const std::vector<Node>& bits, std::uint64_t mask, const Range& range) {
  Node above = Diagram::kTrue;
  Node below = Diagram::kTrue;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const Node bit = (mask >> i & 1) != 0 ? bits[i] : Diagram::kFalse;
    above = (range.first >> i & 1) != 0 ? d.conjunction(bit, above) : d.disjunction(bit, above);
    below = (range.last >> i & 1) != 0 ? d.choose(bit, below, Diagram::kTrue)
                                       : d.difference(below, bit);
  }
  return d.conjunction(above, below);
}

Node build_term(Diagram& d, Order order, const Term& term, bool big_endian) {
  const std::vector<Node> bits = field_bits(d, order, term.field, big_endian);
  Node holds = Diagram::kFalse;
  for (const Range& range : term.ranges) {
    holds = d.disjunction(holds, in_range(d, bits, term.mask, range));
  }
  return term.negated ? d.negation(holds) : holds;
}

/// The word at `word` is in one of the ranges.
Node build_word(Diagram& d, Order order, std::size_t word, const std::vector<Range>& ranges) {
  std::vector<Node> bits;
  for (unsigned i = 0; i < kWordBits; ++i) {
    bits.push_back(d.bit(level_of(order, word, i)));
  }
  Node holds = Diagram::kFalse;
  for (const Range& range : ranges) {
    holds = d.disjunction(holds, in_range(d, bits, kLowMask, range));
  }
  return holds;
}

Node build_section(Diagram& d, Order order, const Policy& policy, const Section& section) {
  std::vector<Rule> rules = section.rules;
  for (Rule& rule : inherited_rules(policy, section)) {
    rules.push_back(std::move(rule));
  }
  Node result = d.answer(section.otherwise);
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    const Node fits = d.conjunction(build_word(d, order, kNumberWord, rule->numbers),
                                    build(d, order, rule->when, section.big_endian));
    result = d.choose(fits, d.answer(rule->result), result);
  }
  return result;
}

/// The term as it reads where a field means its low word.
Term narrowed(Term term) {
  term.mask &= kLowMask;
  std::vector<Range> ranges;
  for (const Range& range : term.ranges) {
    if (range.first <= kLowMask) {
      ranges.push_back({range.first, std::min(range.last, kLowMask)});
    }
  }
  term.ranges = std::move(ranges);
  return term;
}

}  // namespace

std::optional<Section> make_section(std::string_view name) {
  Section section;
  section.name = name;
  if (name == kOthers) {
    return section;
  }
  const bool x32 = name == "x32";
  const Architecture* arch = find_architecture(x32 ? "x86_64" : name);
  if (arch == nullptr || (!x32 && arch->name != name)) {
    return std::nullopt;
  }
  section.archs = {{arch->audit, arch->audit}};
  section.abi = x32 ? raw::Abi::X32 : arch->abi;
  section.wide = arch->wide && !x32;
  section.big_endian = arch->big_endian;
  if (arch->abi == raw::Abi::X86_64) {
    section.x32 = x32;
  }
  return section;
}

std::vector<Range> numbers_of(const Section& section) {
  if (!section.x32) {
    return {{0, kLowMask}};
  }
  return *section.x32 ? std::vector<Range>{{kX32Bit, kLowMask - 1}}
                      : std::vector<Range>{{0, kX32Bit - 1}, {kLowMask, kLowMask}};
}

bool is_number_of(const Section& section, std::uint32_t nr) {
  return !section.x32 || *section.x32 == (nr >= kX32Bit && nr != kLowMask);
}

std::string_view name_in(const Section& section, std::uint32_t nr) {
  const bool x32 = section.x32.value_or(false);
  return is_number_of(section, nr) ? syscall_name(section.abi, x32 ? nr & ~kX32Bit : nr)
                                   : std::string_view{};
}

std::optional<std::uint32_t> number_in(const Section& section, std::string_view name) {
  const auto nr = syscall_number(section.abi, name);
  return nr && section.x32.value_or(false) ? std::optional(*nr | kX32Bit) : nr;
}

std::vector<Rule> inherited_rules(const Policy& policy, const Section& section) {
  std::vector<Rule> rules;
  const auto model =
      std::find_if(policy.sections.begin(), policy.sections.end(),
                   [&](const Section& candidate) { return candidate.name == section.like; });
  if (section.like.empty() || model == policy.sections.end()) {
    return rules;
  }
  for (const Rule& theirs : model->rules) {
    Rule rule{theirs.result, {}, theirs.when};
    for (const Range& range : theirs.numbers) {
      for (std::uint64_t nr = range.first;
           nr <= std::min<std::uint64_t>(range.last, range.first + kLowMask) &&
           nr - (model->x32.value_or(false) ? kX32Bit : 0) < syscall_limit(model->abi);
           ++nr) {
        const std::string_view name = name_in(*model, static_cast<std::uint32_t>(nr));
        const auto here = name.empty() ? std::nullopt : number_in(section, name);
        if (here) {
          rule.numbers.push_back({*here, *here});
        }
      }
    }
    if (rule.numbers.empty()) {
      continue;
    }
    if (!section.wide) {
      for (Conjunction& conjunction : rule.when) {
        std::transform(conjunction.begin(), conjunction.end(), conjunction.begin(), narrowed);
      }
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

Node build(Diagram& diagram, Order order, const Condition& condition, bool big_endian) {
  Node any = Diagram::kFalse;
  for (const Conjunction& conjunction : condition) {
    Node all = Diagram::kTrue;
    for (const Term& term : conjunction) {
      all = diagram.conjunction(all, build_term(diagram, order, term, big_endian));
    }
    any = diagram.disjunction(any, all);
  }
  return any;
}

Node build(Diagram& diagram, Order order, const Policy& policy) {
  BT_CHECK(!policy.sections.empty() && policy.sections.back().name == kOthers,
           "a policy without the section `others`");
  Node result = build_section(diagram, order, policy, policy.sections.back());
  for (const Section& section : policy.sections) {
    if (section.archs.empty()) {
      continue;
    }
    Node here = build_word(diagram, order, kArchWord, section.archs);
    if (section.x32) {
      here =
          diagram.conjunction(here, build_word(diagram, order, kNumberWord, numbers_of(section)));
    }
    result = diagram.choose(here, build_section(diagram, order, policy, section), result);
  }
  return result;
}

}  // namespace boxtrace::bpf
