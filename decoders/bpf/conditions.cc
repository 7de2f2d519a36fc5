#include "decoders/bpf/conditions.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace boxtrace::bpf {
namespace {

constexpr std::uint64_t kLowMask = 0xffffffff;
constexpr std::size_t kFieldBits = 64;

/// The field that an input bit belongs to, and its place in it on a little-endian machine.
struct FieldBit {
  std::size_t field = 0;
  unsigned bit = 0;
};

FieldBit field_bit(Order order, Level level) {
  const InputBit at = bit_at(order, level);
  const std::size_t field = at.word < kArgumentWord ? kArguments : (at.word - kArgumentWord) / 2;
  return {field, at.bit + (at.word % 2 != 0 ? kWordBits : 0)};
}

/// The same function with the halves of all fields exchanged: big-endian read as little-endian.
Node swap_halves(Diagram& d, Order order, Node root) {
  std::unordered_map<Node, Node> done;
  // NOLINTNEXTLINE(misc-no-recursion): as deep as there are bits
  const std::function<Node(Node)> walk = [&](Node n) -> Node {
    if (d.is_end(n)) {
      return n;
    }
    if (const auto found = done.find(n); found != done.end()) {
      return found->second;
    }
    const InputBit at = bit_at(order, d.level(n));
    const Node bit = d.bit(level_of(order, at.word ^ 1U, at.bit));
    const Node high = walk(d.high(n));
    const Node low = walk(d.low(n));
    return done[n] = d.choose(bit, high, low);
  };
  return walk(root);
}

/// How much there is to read. A range of flags means nothing until it is counted through.
std::size_t cost(const Term& term, FieldKind kind) {
  constexpr std::uint64_t kLongest = 20;
  const bool plain =
      term.mask == ~std::uint64_t{0} || term.mask == kLowMask || term.mask == ~kLowMask;
  std::size_t total = plain ? 3 : 5;
  for (const Range& range : term.ranges) {
    const std::uint64_t more = range.last - range.first;
    total += more == 0 ? 1 : kind == FieldKind::Flags ? 1 + std::min(more, kLongest) : 2;
  }
  return total;
}

std::size_t cost(const Condition& condition, const FieldKinds& kinds) {
  std::size_t total = 0;
  for (const Conjunction& conjunction : condition) {
    total += 1;
    for (const Term& term : conjunction) {
      total += cost(term, kinds.at(term.field));
    }
  }
  return total;
}

class Writer {
 public:
  Writer(Diagram& diagram, Order order, const FieldKinds& kinds)
      : d_(diagram), order_(order), kinds_(kinds) {}

  /// The shortest statement found, or nothing.
  std::optional<Condition> write(Node condition) {
    if (condition == Diagram::kTrue || condition == Diagram::kFalse) {
      return condition == Diagram::kTrue ? Condition{{}} : Condition{};
    }
    if (const auto known = written_.find(condition); known != written_.end()) {
      return known->second;
    }
    const std::vector<Level> support = d_.support(condition);
    const bool one_field = std::all_of(support.begin(), support.end(), [&](Level level) {
      return field_bit(order_, level).field == field_bit(order_, support.front()).field;
    });
    std::optional<Condition> best;
    if (one_field) {
      best = write_field(condition, support);
    } else if (order_ == Order::OneByOne) {
      best = write_fields(condition, field_bit(order_, support.front()).field);
    }
    if (!best) {
      best = write_cubes(condition, kMostCubes);
    }
    return written_[condition] = best;
  }

 private:
  static constexpr std::size_t kMostRanges = 128;
  static constexpr std::size_t kMostSubFunctions = 48;
  static constexpr std::size_t kFewCubes = 12;
  static constexpr std::size_t kMostCubes = 400;
  static constexpr std::size_t kMostConjunctions = 400;

  /// All bits of those words of a field that have a bit in `support`, in the order of the levels.
  [[nodiscard]] std::vector<Level> whole_words(const std::vector<Level>& support) const {
    std::vector<Level> all;
    for (const Level level : support) {
      const std::size_t word = bit_at(order_, level).word;
      if (all.empty() || bit_at(order_, all.back()).word != word) {
        for (unsigned bit = 0; bit < kWordBits; ++bit) {
          all.push_back(level_of(order_, word, bit));
        }
      }
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }

  /// A condition on one field: as ranges of its values or of the bits it looks at, or as patterns,
  /// of the condition or of its opposite.
  std::optional<Condition> write_field(Node condition, const std::vector<Level>& support) {
    const std::size_t field = field_bit(order_, support.front()).field;
    std::optional<Condition> best;
    const auto offer = [&](Condition candidate) {
      if (!best || cost(candidate, kinds_) < cost(*best, kinds_)) {
        best = std::move(candidate);
      }
    };
    const Node opposite = d_.negation(condition);
    for (const bool negated : {false, true}) {
      const Node target = negated ? opposite : condition;
      for (const std::vector<Level>& bits : {whole_words(support), support}) {
        Term term{field, 0, negated, {}};
        if (find_ranges(target, bits, term)) {
          offer({{std::move(term)}});
        }
      }
      if (const auto cubes = d_.cubes(target, kFewCubes)) {
        std::vector<Term> terms = terms_of(*cubes, field, negated);
        Condition candidate;
        if (negated) {
          candidate.push_back(std::move(terms));
        } else {
          for (Term& one : terms) {
            candidate.push_back({std::move(one)});
          }
        }
        offer(std::move(candidate));
      }
    }
    return best;
  }

  /// The values of the bits in `support` for which `condition` holds, as ranges of the masked
  /// field. False if there are too many.
  bool find_ranges(Node condition, const std::vector<Level>& support, Term& term) const {
    std::vector<Range> packed;  // counted in the bits of the support only
    // NOLINTNEXTLINE(misc-no-recursion): as deep as there are bits
    const std::function<bool(Node, std::size_t, std::uint64_t)> walk =
        [&](Node n, std::size_t depth, std::uint64_t prefix) -> bool {
      if (n == Diagram::kFalse) {
        return true;
      }
      const std::size_t left = support.size() - depth;
      if (n == Diagram::kTrue) {
        const std::uint64_t rest =
            left == kFieldBits ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
        const std::uint64_t first = left == kFieldBits ? 0 : prefix << left;
        if (!packed.empty() && packed.back().last + 1 == first) {
          packed.back().last = first | rest;
        } else {
          packed.push_back({first, first | rest});
        }
        return packed.size() <= kMostRanges;
      }
      const bool asks = d_.level(n) == support[depth];
      return walk(asks ? d_.low(n) : n, depth + 1, prefix << 1) &&
             walk(asks ? d_.high(n) : n, depth + 1, prefix << 1 | 1);
    };
    if (!walk(condition, 0, 0)) {
      return false;
    }
    const auto unpack = [&](std::uint64_t value) {
      std::uint64_t out = 0;
      for (std::size_t i = 0; i < support.size(); ++i) {
        const unsigned bit = field_bit(order_, support[support.size() - 1 - i]).bit;
        out |= (value >> i & 1) << bit;
      }
      return out;
    };
    term.mask = unpack(~std::uint64_t{0});
    for (const Range& range : packed) {
      term.ranges.push_back({unpack(range.first), unpack(range.last)});
    }
    return true;
  }

  /// Patterns as terms; those with the same mask share one.
  std::vector<Term> terms_of(const std::vector<Diagram::Cube>& cubes, std::size_t field,
                             bool negated) const {
    std::map<std::uint64_t, std::vector<Range>> by_mask;
    for (const Diagram::Cube& cube : cubes) {
      std::uint64_t mask = 0;
      std::uint64_t value = 0;
      for (const Diagram::Literal& literal : cube) {
        const std::uint64_t bit = std::uint64_t{1} << field_bit(order_, literal.level).bit;
        mask |= bit;
        value |= literal.value ? bit : 0;
      }
      by_mask[mask].push_back({value, value});
    }
    std::vector<Term> terms;
    for (auto& [mask, values] : by_mask) {
      std::sort(values.begin(), values.end(),
                [](const Range& a, const Range& b) { return a.first < b.first; });
      terms.push_back({field, mask, negated, std::move(values)});
    }
    return terms;
  }

  /// The functions of the other fields that the values of `field` lead to, and for each of them the
  /// condition on `field`.
  std::optional<std::vector<std::pair<Node, Node>>> split_field(Node condition, std::size_t field) {
    const Level end =
        level_of(order_, field == kArguments ? kPointerWord : kArgumentWord + 2 * field, 0) + 1;
    std::vector<Node> below;
    static_cast<void>(d_.replace(condition, end, [&](Node n) {
      below.push_back(n);
      return n;
    }));
    if (below.size() > kMostSubFunctions) {
      return std::nullopt;
    }
    std::vector<std::pair<Node, Node>> parts;
    parts.reserve(below.size());
    for (const Node target : below) {
      parts.emplace_back(target, d_.replace(condition, end, [&](Node n) {
        return n == target ? Diagram::kTrue : Diagram::kFalse;
      }));
    }
    return parts;
  }

  /// Field by field: for each function that is left once the first field is known, which values
  /// lead there, and what it says.
  // NOLINTNEXTLINE(misc-no-recursion): as deep as there are fields
  std::optional<Condition> write_fields(Node condition, std::size_t field) {
    const auto parts = split_field(condition, field);
    if (!parts) {
      return std::nullopt;
    }
    Condition out;
    for (const auto& [rest, values] : *parts) {
      if (rest == Diagram::kFalse) {
        continue;
      }
      // Values that permit more than `rest` may be named too: less to say is better.
      Node wider = values;
      for (const auto& [other, other_values] : *parts) {
        if (other != rest && d_.difference(rest, other) == Diagram::kFalse) {
          wider = d_.disjunction(wider, other_values);
        }
      }
      const auto exact = write(values);
      const auto loose = write(wider);
      const auto tail = write(rest);
      if (!exact || !loose || !tail) {
        return std::nullopt;
      }
      const Condition& head = cost(*loose, kinds_) < cost(*exact, kinds_) ? *loose : *exact;
      for (const Conjunction& first : head) {
        for (const Conjunction& second : *tail) {
          Conjunction both = first;
          both.insert(both.end(), second.begin(), second.end());
          out.push_back(std::move(both));
        }
      }
      if (out.size() > kMostConjunctions) {
        return std::nullopt;
      }
    }
    return out;
  }

  std::optional<Condition> write_cubes(Node condition, std::size_t at_most) {
    const auto cubes = d_.cubes(condition, at_most);
    if (!cubes) {
      return std::nullopt;
    }
    Condition out;
    for (const Diagram::Cube& cube : *cubes) {
      std::map<std::size_t, Diagram::Cube> by_field;
      for (const Diagram::Literal& literal : cube) {
        by_field[field_bit(order_, literal.level).field].push_back(literal);
      }
      Conjunction all;
      for (const auto& [field, part] : by_field) {
        all.push_back(terms_of({part}, field, false).front());
      }
      out.push_back(std::move(all));
    }
    return out;
  }

  Diagram& d_;
  Order order_;
  const FieldKinds& kinds_;
  std::unordered_map<Node, std::optional<Condition>> written_;
};

/// Leaves out terms that the clauses before have made needless: what they take is not asked any
/// more. `where` is all that the condition says, `taken` what is decided already.
void leave_out_needless(Diagram& d, Order order, Node where, Node taken, Condition& condition) {
  constexpr std::size_t kMost = 32;  // each term costs a diagram
  if (condition.size() > kMost) {
    return;
  }
  const Node allowed = d.disjunction(where, taken);
  for (Conjunction& conjunction : condition) {
    for (std::size_t i = 0; conjunction.size() > 1 && i < conjunction.size();) {
      Conjunction shorter = conjunction;
      shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
      // The text speaks of little-endian fields by now.
      const Node says = build(d, order, Condition{shorter}, false);
      if (d.difference(says, allowed) == Diagram::kFalse && !d.overflowed()) {
        conjunction = std::move(shorter);
      } else {
        ++i;
      }
    }
  }
  for (std::size_t i = condition.size(); i-- > 0;) {
    Condition others = condition;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    const Node said = d.disjunction(build(d, order, others, false), taken);
    if (d.difference(where, said) == Diagram::kFalse && !d.overflowed()) {
      condition = std::move(others);
    }
  }
}

}  // namespace

std::optional<std::vector<Piece>> split_word(const Diagram& diagram, Node root, Level first_level,
                                             std::size_t at_most) {
  std::vector<Piece> pieces;
  // NOLINTNEXTLINE(misc-no-recursion): as deep as a word has bits
  const std::function<bool(Node, unsigned, std::uint64_t)> walk =
      [&](Node n, unsigned depth, std::uint64_t prefix) -> bool {
    const unsigned left = kWordBits - depth;
    if (diagram.level(n) >= first_level + kWordBits) {
      const Range range{prefix << left, (prefix << left) | ((std::uint64_t{1} << left) - 1)};
      if (!pieces.empty() && pieces.back().function == n) {
        pieces.back().range.last = range.last;
      } else {
        pieces.push_back({range, n});
      }
      return pieces.size() <= at_most;
    }
    const bool asks = diagram.level(n) == first_level + depth;
    return walk(asks ? diagram.low(n) : n, depth + 1, prefix << 1) &&
           walk(asks ? diagram.high(n) : n, depth + 1, prefix << 1 | 1);
  };
  return walk(root, 0, 0) ? std::optional(std::move(pieces)) : std::nullopt;
}

std::optional<std::vector<Clause>> explain_function(Diagram& diagram, Order order, Node function,
                                                    std::uint64_t otherwise, bool big_endian,
                                                    const FieldKinds& kinds) {
  constexpr std::size_t kMostAnswers = 300;
  const Node root = big_endian ? swap_halves(diagram, order, function) : function;
  const std::vector<Node> ends = diagram.ends(root);
  if (ends.size() > kMostAnswers) {
    return std::nullopt;
  }
  Writer writer(diagram, order, kinds);
  std::vector<Clause> clauses;
  std::vector<Node> wheres;
  for (const Node end : ends) {
    const Node where = diagram.replace(
        root, Diagram::kEnd, [end](Node n) { return n == end ? Diagram::kTrue : Diagram::kFalse; });
    auto when = writer.write(where);
    if (!when) {
      return std::nullopt;
    }
    clauses.push_back({std::move(*when), diagram.value(end)});
    wheres.push_back(where);
  }
  if (diagram.overflowed()) {
    return std::nullopt;
  }
  // The clause that is longest to state is left to "else"; what the section does otherwise has the
  // advantage that it need not be said at all, and is not expected to be said.
  const auto last =
      std::max_element(clauses.begin(), clauses.end(), [&](const Clause& a, const Clause& b) {
        const auto gain = [&](const Clause& clause) {
          const std::size_t words = cost(clause.when, kinds);
          return clause.result == otherwise ? words + words / 2 + 6 : words;
        };
        return gain(a) < gain(b);
      });
  const auto index = last - clauses.begin();
  std::rotate(last, last + 1, clauses.end());
  std::rotate(wheres.begin() + index, wheres.begin() + index + 1, wheres.end());
  Node taken = Diagram::kFalse;
  for (std::size_t i = 0; i + 1 < clauses.size(); ++i) {
    leave_out_needless(diagram, order, wheres[i], taken, clauses[i].when);
    taken = diagram.disjunction(taken, wheres[i]);
  }
  if (clauses.back().result == otherwise) {
    clauses.pop_back();
  } else {
    clauses.back().when = {{}};
  }
  return clauses;
}

}  // namespace boxtrace::bpf
