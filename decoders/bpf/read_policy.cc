// From the diagram of a filter to its rules: architectures, in each the calls that are treated
// alike, and what is said of most by saying it last.

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "decoders/bpf/argument_names.h"
#include "decoders/bpf/conditions.h"
#include "decoders/bpf/outcome.h"
#include "decoders/bpf/policy.h"

namespace boxtrace::bpf {
namespace {

/// More pieces than this are no policy that a person could read.
constexpr std::size_t kMostPieces = 4096;
/// No answer equals it.
constexpr std::uint64_t kNothing = ~std::uint64_t{0};

std::uint64_t width(const Range& range) { return range.last - range.first + 1; }

using ByFunction = std::map<Node, std::vector<Range>>;

/// Numbers by what is done with them.
struct Numbering {
  std::vector<Piece> pieces;
  ByFunction classes;
};

std::optional<Numbering> number(const Diagram& diagram, Node root, const Section& section) {
  const auto all = split_word(diagram, root, kNumberLevel, kMostPieces);
  if (!all) {
    return std::nullopt;
  }
  Numbering out{pieces_in(section, *all), {}};
  for (const Piece& piece : out.pieces) {
    out.classes[piece.function].push_back(piece.range);
  }
  return out;
}

/// What the section does with calls that nobody has named: numbers that are free within the table,
/// or, if there are none, whatever covers most. That is what its author called the default.
std::uint64_t find_default(const Diagram& diagram, const Numbering& numbering,
                           const Section& section) {
  const std::uint64_t base = section.x32.value_or(false) ? kX32Bit : 0;
  std::map<Node, std::uint64_t> free;
  std::map<Node, std::uint64_t> covered;
  for (const Piece& piece : numbering.pieces) {
    if (!diagram.is_end(piece.function)) {
      continue;
    }
    covered[piece.function] += width(piece.range);
    const std::uint64_t end = base + syscall_limit(section.abi);
    for (std::uint64_t nr = piece.range.first; nr <= piece.range.last && nr < end; ++nr) {
      free[piece.function] += name_in(section, static_cast<std::uint32_t>(nr)).empty() ? 1U : 0U;
    }
  }
  const auto larger = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto most_free = std::max_element(free.begin(), free.end(), larger);
  if (most_free != free.end() && most_free->second > 0) {
    return diagram.value(most_free->first);
  }
  const auto most = std::max_element(covered.begin(), covered.end(), larger);
  return most != covered.end() ? diagram.value(most->first) : std::uint64_t{kKillProcess};
}

/// Functions in the order in which they are told: what is allowed, what is allowed under
/// conditions, the rest by severity.
class Reader {
 public:
  Reader(Diagram& diagram, Order order) : d_(diagram), order_(order) {}

  std::optional<Policy> read(Node root) {
    const auto pieces = split_word(d_, root, 0, kMostPieces);
    if (!pieces) {
      return std::nullopt;
    }
    const Node others = widest(*pieces);
    for (const Piece& piece : *pieces) {
      if (piece.function != others) {
        add_architectures(piece);
      }
    }
    sort_sections();
    Section rest = *make_section(kOthers);
    // A filter that does not look at the architecture reads best with the names of the usual one.
    rest.abi = d_.level(others) < kArgumentLevel && policy_.sections.empty() ? raw::Abi::X86_64
                                                                             : raw::Abi::Unknown;
    policy_.sections.push_back(std::move(rest));
    roots_[std::string(kOthers)] = others;
    for (Section& section : policy_.sections) {
      if (!fill(section)) {
        return std::nullopt;
      }
    }
    return std::move(policy_);
  }

 private:
  static Node widest(const std::vector<Piece>& pieces) {
    std::map<Node, std::uint64_t> covered;
    for (const Piece& piece : pieces) {
      covered[piece.function] += width(piece.range);
    }
    return std::max_element(covered.begin(), covered.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->first;
  }

  void add_section(Section section, Node root) {
    roots_[section.name] = root;
    policy_.sections.push_back(std::move(section));
  }

  void add_architectures(const Piece& piece) {
    const auto audit = static_cast<std::uint32_t>(piece.range.first);
    const Architecture* arch = width(piece.range) == 1 ? find_architecture(audit) : nullptr;
    if (arch == nullptr) {
      Section section;
      section.name = piece.range.first == piece.range.last
                         ? fmt::format("arch 0x{:x}", piece.range.first)
                         : fmt::format("arch 0x{:x}..0x{:x}", piece.range.first, piece.range.last);
      section.archs = {piece.range};
      add_section(std::move(section), piece.function);
      return;
    }
    add_section(*make_section(arch->name), piece.function);
    if (arch->abi == raw::Abi::X86_64) {
      add_section(*make_section("x32"), piece.function);
    }
  }

  /// In the order of the table of architectures, x32 behind i386.
  void sort_sections() {
    const auto rank = [](const Section& section) -> std::size_t {
      if (section.name == "x32") {
        return 1;
      }
      const auto all = architectures();
      const auto at = std::find_if(all.begin(), all.end(), [&](const Architecture& arch) {
        return arch.name == section.name;
      });
      const auto index = static_cast<std::size_t>(at - all.begin());
      return index == 0 ? 0 : index + 1;
    };
    std::stable_sort(policy_.sections.begin(), policy_.sections.end(),
                     [&](const Section& a, const Section& b) { return rank(a) < rank(b); });
  }

  bool fill(Section& section) {
    const auto numbering = number(d_, roots_.at(section.name), section);
    if (!numbering) {
      return false;
    }
    section.otherwise = find_default(d_, *numbering, section);
    auto rules = rules_of(section, numbering->classes);
    if (!rules) {
      return false;
    }
    section.rules = std::move(*rules);
    if (const Section* model = find_model(section)) {
      try_inheritance(section, *model, *numbering);
    }
    return true;
  }

  /// The first section with names, if it is not this one.
  const Section* find_model(const Section& section) const {
    if (section.abi == raw::Abi::Unknown || section.archs.empty()) {
      return nullptr;
    }
    const auto model =
        std::find_if(policy_.sections.begin(), policy_.sections.end(),
                     [](const Section& candidate) { return candidate.abi != raw::Abi::Unknown; });
    return model == policy_.sections.end() || model->name == section.name || model->rules.empty()
               ? nullptr
               : &*model;
  }

  using Inherits = std::function<bool(const Range&)>;

  /// `inherits`: other rules hold for some of these numbers as well, which these are to override.
  std::optional<std::vector<Rule>> rules_of(
      const Section& section, const ByFunction& classes,
      const Inherits& inherits = [](const Range&) { return false; }) {
    std::map<std::uint64_t, std::vector<Range>> constant;
    std::vector<Rule> conditional;
    for (const auto& [function, numbers] : classes) {
      if (d_.is_end(function)) {
        auto& all = constant[d_.value(function)];
        all.insert(all.end(), numbers.begin(), numbers.end());
        continue;
      }
      // Where something is inherited, the default is to be said too.
      const bool may_be_silent = std::none_of(numbers.begin(), numbers.end(),
                                              [&](const Range& range) { return inherits(range); });
      const auto clauses =
          explain_function(d_, order_, function, may_be_silent ? section.otherwise : kNothing,
                           section.big_endian, field_kinds(section, {0, numbers, {{}}}));
      if (!clauses) {
        return std::nullopt;
      }
      for (const Clause& clause : *clauses) {
        conditional.push_back({clause.result, numbers, clause.when});
      }
    }
    std::vector<Rule> rules;
    for (auto& [result, numbers] : constant) {
      const bool inherited = std::any_of(numbers.begin(), numbers.end(), inherits);
      if (result != section.otherwise || inherited) {
        std::sort(numbers.begin(), numbers.end(),
                  [](const Range& a, const Range& b) { return a.first < b.first; });
        rules.push_back({result, std::move(numbers), {{}}});
      }
    }
    std::stable_sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) {
      return (a.result == kAllow) > (b.result == kAllow);
    });
    // Conditions stand behind the plain permissions. Classes do not overlap, so only the order
    // within a class matters.
    std::stable_sort(conditional.begin(), conditional.end(), [](const Rule& a, const Rule& b) {
      return a.numbers.front().first < b.numbers.front().first;
    });
    const bool allows = !rules.empty() && rules.front().result == kAllow;
    rules.insert(rules.begin() + (allows ? 1 : 0), conditional.begin(), conditional.end());
    return rules;
  }

  /// "As the model, but": worth it if that leaves less to say.
  void try_inheritance(Section& section, const Section& model, const Numbering& numbering) {
    Section heir = section;
    heir.like = model.name;
    heir.rules.clear();
    // What each number gets from the model.
    const std::vector<Rule> theirs = inherited_rules(policy_, heir);
    std::map<std::uint64_t, std::vector<std::size_t>> rules_for;
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      for (const Range& range : theirs[i].numbers) {
        rules_for[range.first].push_back(i);
      }
    }
    const Node otherwise = d_.answer(section.otherwise);
    std::map<std::vector<std::size_t>, Node> built;
    const auto expected = [&](const std::vector<std::size_t>& indexes) {
      const auto [at, fresh] = built.emplace(indexes, otherwise);
      if (fresh) {
        for (auto i = indexes.rbegin(); i != indexes.rend(); ++i) {
          at->second = d_.choose(build(d_, order_, theirs[*i].when, section.big_endian),
                                 d_.answer(theirs[*i].result), at->second);
        }
      }
      return at->second;
    };
    ByFunction different;
    const auto differ = [&](const Range& range, Node function, Node inherited) {
      if (function == inherited) {
        return;
      }
      std::vector<Range>& ranges = different[function];
      if (!ranges.empty() && ranges.back().last + 1 == range.first) {
        ranges.back().last = range.last;
      } else {
        ranges.push_back(range);
      }
    };
    for (const Piece& piece : numbering.pieces) {
      std::uint64_t next = piece.range.first;
      for (auto at = rules_for.lower_bound(next);
           at != rules_for.end() && at->first <= piece.range.last; ++at) {
        if (at->first > next) {
          differ({next, at->first - 1}, piece.function, otherwise);
        }
        differ({at->first, at->first}, piece.function, expected(at->second));
        next = at->first + 1;
      }
      if (next <= piece.range.last) {
        differ({next, piece.range.last}, piece.function, otherwise);
      }
    }
    auto rules = rules_of(heir, different, [&](const Range& range) {
      const auto at = rules_for.lower_bound(range.first);
      return at != rules_for.end() && at->first <= range.last;
    });
    if (rules && items(*rules) < items(section.rules)) {
      heir.rules = std::move(*rules);
      section = std::move(heir);
    }
  }

  static std::size_t items(const std::vector<Rule>& rules) {
    std::size_t total = 0;
    for (const Rule& rule : rules) {
      for (const Range& range : rule.numbers) {
        total += static_cast<std::size_t>(std::min<std::uint64_t>(width(range), 64));
      }
    }
    return total;
  }

  Diagram& d_;
  Order order_;
  Policy policy_;
  std::map<std::string, Node> roots_;
};

}  // namespace

std::vector<Piece> pieces_in(const Section& section, const std::vector<Piece>& all) {
  std::vector<Piece> out;
  for (const Range& possible : numbers_of(section)) {
    for (const Piece& piece : all) {
      const Range part{std::max(piece.range.first, possible.first),
                       std::min(piece.range.last, possible.last)};
      if (part.first > part.last) {
        continue;
      }
      if (!out.empty() && out.back().function == piece.function) {
        out.back().range.last = part.last;
      } else {
        out.push_back({part, piece.function});
      }
    }
  }
  return out;
}

std::optional<Policy> read_policy(Diagram& diagram, Order order, Node root) {
  auto policy = Reader(diagram, order).read(root);
  return diagram.overflowed() ? std::nullopt : policy;
}

}  // namespace boxtrace::bpf
