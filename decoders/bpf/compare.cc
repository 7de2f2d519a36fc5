#include "decoders/bpf/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "decoders/bpf/conditions.h"
#include "decoders/bpf/outcome.h"
#include "decoders/bpf/rules_text.h"
#include "decoders/registry.h"
#include "tracer/base/text.h"

namespace boxtrace::bpf {
namespace {

constexpr std::size_t kMostPieces = 4096;

/// Ranges on which both functions stay the same.
struct Pair {
  Range range;
  Node left = Diagram::kFalse;
  Node right = Diagram::kFalse;
};

std::optional<std::vector<Pair>> split_both(const Diagram& diagram, Node left, Node right,
                                            Level level) {
  const auto a = split_word(diagram, left, level, kMostPieces);
  const auto b = split_word(diagram, right, level, kMostPieces);
  if (!a || !b) {
    return std::nullopt;
  }
  std::vector<Pair> pairs;
  for (auto x = a->begin(), y = b->begin(); x != a->end() && y != b->end();) {
    const Range range{std::max(x->range.first, y->range.first),
                      std::min(x->range.last, y->range.last)};
    pairs.push_back({range, x->function, y->function});
    const bool x_ends = x->range.last == range.last;
    y += y->range.last == range.last ? 1 : 0;
    x += x_ends ? 1 : 0;
  }
  return pairs;
}

/// The sections that a range of architectures stands for.
std::vector<Section> sections_of(const Range& archs) {
  const Architecture* arch = archs.first == archs.last
                                 ? find_architecture(static_cast<std::uint32_t>(archs.first))
                                 : nullptr;
  if (arch != nullptr) {
    std::vector<Section> sections = {*make_section(arch->name)};
    if (arch->abi == raw::Abi::X86_64) {
      sections.push_back(*make_section("x32"));
    }
    return sections;
  }
  Section section = *make_section(kOthers);
  section.archs = {archs};
  return {section};
}

/// An input below which the two functions end differently.
void find_example(Diagram& diagram, Order order, Node left, Node right, Difference& difference) {
  Node n = diagram.same(left, right);
  while (!diagram.is_end(n)) {
    const bool up = diagram.low(n) == Diagram::kTrue;
    const InputBit at = bit_at(order, diagram.level(n));
    difference.example.at(at.word) |= (up ? 1U : 0U) << at.bit;
    n = up ? diagram.high(n) : diagram.low(n);
  }
  difference.left = answer_for(diagram, order, left, difference.example);
  difference.right = answer_for(diagram, order, right, difference.example);
}

/// Whether every call of the section kills. -1 does not count, which is none.
bool is_dead(const Diagram& diagram, Node function, const Section& section) {
  const auto all = split_word(diagram, function, kNumberLevel, kMostPieces);
  if (!all) {
    return false;
  }
  const std::vector<Piece> pieces = pieces_in(section, *all);
  return std::all_of(pieces.begin(), pieces.end(), [&](const Piece& piece) {
    const bool none = piece.range.first == 0xffffffff;
    return none ||
           (diagram.is_end(piece.function) && (diagram.value(piece.function) == kKillThread ||
                                               diagram.value(piece.function) == kKillProcess));
  });
}

bool find_in_section(Diagram& diagram, Order order, const Section& section, const Pair& both,
                     std::vector<Difference>& out) {
  const auto pairs = split_both(diagram, both.left, both.right, kNumberLevel);
  if (!pairs) {
    return false;
  }
  // Each pair of functions by a number of its own, 0 for functions that are the same.
  std::map<std::pair<Node, Node>, Node> kinds;
  std::vector<std::pair<Node, Node>> by_kind = {{}};
  std::vector<Piece> pieces;
  for (const Pair& pair : *pairs) {
    const std::pair functions(pair.left, pair.right);
    Node kind = 0;
    if (pair.left != pair.right) {
      const auto [at, fresh] = kinds.emplace(functions, static_cast<Node>(by_kind.size()));
      if (fresh) {
        by_kind.push_back(functions);
      }
      kind = at->second;
    }
    pieces.push_back({pair.range, kind});
  }
  const bool left_dead = is_dead(diagram, both.left, section);
  const bool right_dead = is_dead(diagram, both.right, section);
  std::map<Node, Difference> found;
  for (const Piece& piece : pieces_in(section, pieces)) {
    if (piece.function == 0) {
      continue;
    }
    Difference& difference = found[piece.function];
    if (difference.numbers.empty()) {
      const auto& [left, right] = by_kind[piece.function];
      difference.section = section;
      difference.left_dead = left_dead;
      difference.right_dead = right_dead;
      difference.example[kArchWord] = static_cast<std::uint32_t>(both.range.first);
      difference.example[kNumberWord] = static_cast<std::uint32_t>(piece.range.first);
      find_example(diagram, order, left, right, difference);
      difference.conditional = !diagram.is_end(left) || !diagram.is_end(right);
    }
    difference.numbers.push_back(piece.range);
  }
  for (auto& [kind, difference] : found) {
    out.push_back(std::move(difference));
  }
  return true;
}

}  // namespace

Node compose(Diagram& diagram, std::span<const Node> ranked) {
  BT_CHECK(!ranked.empty(), "a stack without a filter");
  const auto decorate = [](std::uint64_t answer, std::size_t filter) {
    return answer | static_cast<std::uint64_t>(filter) << 48;
  };
  const auto map = [&](Node root, const auto& change) {
    return diagram.replace(root, Diagram::kEnd,
                           [&](Node n) { return diagram.answer(change(diagram.value(n))); });
  };
  Node all = ranked.front();
  for (std::size_t i = 1; i < ranked.size(); ++i) {
    const Node newer = map(ranked[i], [&](std::uint64_t a) { return decorate(a, i); });
    all = diagram.combine(all, newer, [](std::uint64_t older, std::uint64_t younger) {
      if (plain_answer(older) == kUndecided || plain_answer(younger) == kUndecided) {
        return kUndecided;
      }
      return overrides(static_cast<std::uint32_t>(older), static_cast<std::uint32_t>(younger))
                 ? younger
                 : older;
    });
  }
  return map(all, [&](std::uint64_t answer) {
    return plain_answer(answer) == kUndecided
               ? kUndecided
               : decorate(effective(static_cast<std::uint32_t>(answer)), decided_by(answer));
  });
}

Node without_deciders(Diagram& diagram, Node composed) {
  return diagram.replace(composed, Diagram::kEnd,
                         [&](Node n) { return diagram.answer(plain_answer(diagram.value(n))); });
}

std::optional<std::vector<Difference>> find_differences(Diagram& diagram, Order order, Node left,
                                                        Node right) {
  std::vector<Difference> out;
  const auto archs = split_both(diagram, left, right, 0);
  if (!archs) {
    return std::nullopt;
  }
  for (const Pair& pair : *archs) {
    if (pair.left == pair.right) {
      continue;
    }
    for (const Section& section : sections_of(pair.range)) {
      if (!find_in_section(diagram, order, section, pair, out)) {
        return std::nullopt;
      }
    }
  }
  return out;
}

std::string render_call(const Section& section, const Input& input) {
  const bool x32 = section.x32.value_or(false);
  const std::uint32_t nr = input[kNumberWord];
  const std::string_view name = name_in(section, nr);
  const decoders::SyscallSpec* spec =
      name.empty() ? nullptr : decoders::find_syscall(section.abi, x32 ? nr & ~kX32Bit : nr);
  std::vector<std::string> arguments;
  // All that count, and those behind them that the example sets.
  std::size_t count = spec != nullptr ? spec->arg_count() : 0;
  for (std::size_t i = 0; i < kArguments; ++i) {
    if (argument(input, i, section.big_endian) != 0) {
      count = std::max(count, i + 1);
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t value = argument(input, i, section.big_endian);
    arguments.push_back(value < 10 ? std::to_string(value) : base::to_hex(value));
  }
  const std::string what = !name.empty()
                               ? std::string(name)
                               : "call " + (nr < 4096 ? std::to_string(nr) : base::to_hex(nr));
  const std::uint64_t pointer = argument(input, kArguments, section.big_endian);
  return fmt::format("{}({}){}", what, base::join(arguments, ", "),
                     pointer != 0 ? " at " + base::to_hex(pointer) : "");
}

std::string render_numbers(const Section& section, const std::vector<Range>& numbers,
                           std::size_t at_most) {
  return render_rule(section, {0, numbers, {{}}}, at_most);
}

}  // namespace boxtrace::bpf
