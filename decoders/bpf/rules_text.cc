#include "decoders/bpf/rules_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "decoders/bpf/argument_names.h"
#include "decoders/bpf/outcome.h"
#include "tracer/base/text.h"

namespace boxtrace::bpf {
namespace {

constexpr std::uint64_t kLowMask = 0xffffffff;
constexpr std::uint64_t kHighMask = ~kLowMask;

std::string render_result(std::uint64_t result) {
  return result == kUndecided ? "UNDECIDED" : render_outcome(static_cast<std::uint32_t>(result));
}

std::string render_number(std::uint64_t nr) {
  return nr < 4096 ? std::to_string(nr) : base::to_hex(nr);
}

bool has_name(const decoders::ConstantTable* constants, std::uint64_t value) {
  const std::string text = render_value(value, constants);
  return text.front() < '0' || text.front() > '9';
}

/// What a term compares: `flags`, `low(fd)`, `high(x) & 0xf`, and how far its numbers are shifted.
struct Operand {
  std::string text;
  std::uint64_t most = 0;  ///< the largest value it can have, after the shift
  unsigned shift = 0;
};

Operand render_operand(const Term& term, bool wide, const FieldNames& names) {
  const std::uint64_t mask = term.mask;
  const std::uint64_t whole = wide ? ~std::uint64_t{0} : kLowMask;
  const auto value = [&](std::uint64_t bits) {
    const std::string text = render_value(bits, names.constants);
    return text.find('|') == std::string::npos ? text : "(" + text + ")";
  };
  const auto with = [&](const std::string& text, std::uint64_t bits) {
    return text + " & " + value(bits);
  };
  // "None but these" is said by what may be there.
  const auto all_but = [&](const std::string& text, std::uint64_t bits) {
    return text + " & ~" + value(bits);
  };
  if (mask == whole) {
    return {names.name, mask, 0};
  }
  if (mask == kLowMask) {
    return {"low(" + names.name + ")", mask, 0};
  }
  if (mask != 0 && (mask & kLowMask) == 0) {
    const std::uint64_t upper = mask >> kWordBits;
    const std::string high = "high(" + names.name + ")";
    return {upper == kLowMask ? high : high + " & " + base::to_hex(upper), upper, kWordBits};
  }
  const std::uint64_t rest = kLowMask & ~mask;
  if ((mask & ~kLowMask) == 0 && std::popcount(mask) > 16 &&
      (has_name(names.constants, rest) || !has_name(names.constants, mask))) {
    const std::string low = wide ? "low(" + names.name + ")" : names.name;
    return {all_but(low, rest), mask, 0};
  }
  if ((mask & ~whole) == 0) {
    return {std::popcount(mask) > 32 ? all_but(names.name, ~mask) : with(names.name, mask), mask,
            0};
  }
  const std::string full = "wide(" + names.name + ")";
  return {mask == ~std::uint64_t{0} ? full : with(full, mask), mask, 0};
}

/// The names to use where values are ordered: flags have no order.
const decoders::ConstantTable* ordered(const decoders::ConstantTable* constants) {
  const bool flags =
      constants != nullptr && constants->kind == decoders::ConstantTable::Kind::Flags;
  return flags ? nullptr : constants;
}

std::string render_range(const Range& range, unsigned shift,
                         const decoders::ConstantTable* constants) {
  const auto* table = shift == 0 ? constants : nullptr;
  if (range.first == range.last) {
    return render_value(range.first >> shift, table);
  }
  return render_value(range.first >> shift, ordered(table)) + ".." +
         render_value(range.last >> shift, ordered(table));
}

/// A few neighbours with names are better named than counted through.
std::vector<Range> take_apart(const std::vector<Range>& ranges, const Operand& operand,
                              const decoders::ConstantTable* constants) {
  constexpr std::uint64_t kFew = 8;
  const auto* table = operand.shift == 0 ? constants : nullptr;
  std::vector<Range> out;
  for (const Range& range : ranges) {
    bool named = table != nullptr && range.last - range.first < kFew;
    for (std::uint64_t value = range.first; named && value <= range.last; ++value) {
      named = has_name(table, value);
    }
    if (!named) {
      out.push_back(range);
      continue;
    }
    for (std::uint64_t value = range.first; value <= range.last; ++value) {
      out.push_back({value, value});
    }
  }
  return out;
}

/// The term looks at a whole word, or at both.
bool is_whole(std::uint64_t mask, bool wide) {
  return mask == kLowMask || mask == kHighMask || (wide && mask == ~std::uint64_t{0});
}

/// "None of these bits" has a name, as O_RDONLY has: if all bits of its field are asked for.
bool names_nothing(const decoders::ConstantTable* constants, std::uint64_t mask) {
  const auto* zero = constants == nullptr ? nullptr : constants->find(std::uint64_t{0});
  return zero != nullptr && zero->mask != 0 && (zero->mask & ~mask) == 0;
}

std::string render_term(const Section& section, const Rule& rule, const Conjunction& beside,
                        const Term& term) {
  FieldNames names = field_names(section, rule, term.field, beside);
  const bool whole = is_whole(term.mask, section.wide);
  if (!whole && ordered(names.constants) != nullptr) {
    names.constants = nullptr;  // some bits of a number have no name
  }
  const Operand operand = render_operand(term, section.wide, names);
  if (term.ranges.size() == 1) {
    const Range range{term.ranges[0].first >> operand.shift, term.ranges[0].last >> operand.shift};
    const auto* table = operand.shift == 0 ? names.constants : nullptr;
    if (range.first == range.last) {
      // Of a single bit it is enough to say whether it is there.
      const bool flipped = !whole && std::has_single_bit(term.mask) && range.first == operand.most;
      const bool is_nothing =
          !whole && (flipped || range.first == 0) && !names_nothing(names.constants, term.mask);
      return fmt::format("{} {} {}", operand.text, term.negated != flipped ? "!=" : "==",
                         is_nothing ? "0" : render_value(flipped ? 0 : range.first, table));
    }
    const bool counted = take_apart(term.ranges, operand, names.constants).size() > 1;
    const bool is_set = counted && names.constants != ordered(names.constants);
    if (!is_set && (range.first == 0 || range.last == operand.most)) {
      const bool upper = range.first == 0;
      const std::string_view sign =
          upper ? (term.negated ? ">" : "<=") : (term.negated ? "<" : ">=");
      return fmt::format("{} {} {}", operand.text, sign,
                         render_value(upper ? range.last : range.first, ordered(table)));
    }
  }
  std::vector<std::string> values;
  for (const Range& range : take_apart(term.ranges, operand, names.constants)) {
    values.push_back(render_range(range, operand.shift, names.constants));
  }
  return fmt::format("{} {}in {{{}}}", operand.text, term.negated ? "not " : "",
                     base::join(values, ", "));
}

std::string render_condition(const Section& section, const Rule& rule) {
  std::vector<std::string> alternatives;
  for (const Conjunction& whole : rule.when) {
    for (const Conjunction& conjunction : split_by_names(section, rule, whole)) {
      std::vector<std::string> terms;
      for (const Term& term : conjunction) {
        terms.push_back(render_term(section, rule, conjunction, term));
      }
      alternatives.push_back(terms.empty() ? "always" : base::join(terms, " and "));
    }
  }
  return alternatives.empty() ? "never" : base::join(alternatives, " or ");
}

/// A range as names where numbers have names, and as numbers where they have none.
void add_items(const Section& section, const Range& range, std::vector<std::string>& out) {
  const std::uint64_t base = section.x32.value_or(false) ? kX32Bit : 0;
  const std::uint64_t end = base + syscall_limit(section.abi);
  // To the end of all numbers: "450.." says it better than twenty names and a range.
  if (range.last >= end || range.last - range.first > end) {
    const std::uint64_t largest = numbers_of(section).back().last;
    const bool open = range.last >= largest;
    out.push_back(range.first == range.last ? render_number(range.first)
                  : open                    ? render_number(range.first) + ".."
                         : render_number(range.first) + ".." + render_number(range.last));
    return;
  }
  for (std::uint64_t nr = range.first; nr <= range.last; ++nr) {
    const std::string_view name = name_in(section, static_cast<std::uint32_t>(nr));
    if (!name.empty()) {
      out.emplace_back(name);
      continue;
    }
    std::uint64_t last = nr;
    while (last < range.last && name_in(section, static_cast<std::uint32_t>(last + 1)).empty()) {
      ++last;
    }
    out.push_back(nr == last ? render_number(nr) : render_number(nr) + ".." + render_number(last));
    nr = last;
  }
}

std::vector<std::string> items_of(const Section& section, const Rule& rule) {
  std::vector<std::string> items;
  for (const Range& range : rule.numbers) {
    add_items(section, range, items);
  }
  // Names in the order of the alphabet, in which a reader looks for them; numbers behind.
  std::stable_partition(items.begin(), items.end(),
                        [](const std::string& item) { return item[0] < '0' || item[0] > '9'; });
  std::sort(items.begin(), std::find_if(items.begin(), items.end(), [](const std::string& item) {
              return item[0] >= '0' && item[0] <= '9';
            }));
  return items;
}

/// Words laid out in lines of the style's width, the ones behind the first indented.
class Lines {
 public:
  Lines(const TextStyle& style, std::size_t indent) : style_(style), indent_(indent) {}

  /// A word that fits no line is parted between its flags.
  void add(std::string_view word) {
    while (word.size() > style_.width - indent_) {
      const std::size_t part = word.rfind('|', style_.width - indent_ - 1);
      if (part == std::string_view::npos) {
        break;
      }
      put(word.substr(0, part + 1));
      word.remove_prefix(part + 1);
    }
    put(word);
  }
  void begin(std::string_view text, std::size_t columns) {
    text_ += text;
    column_ += columns;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void put(std::string_view word) {
    if (column_ > indent_ && column_ + 1 + word.size() > style_.width) {
      text_ += '\n' + std::string(indent_, ' ');
      column_ = indent_;
    } else if (column_ > 0) {
      text_ += ' ';
      ++column_;
    }
    text_ += word;
    column_ += word.size();
  }

  const TextStyle& style_;
  std::size_t indent_;
  std::string text_;
  std::size_t column_ = 0;
};

class Printer {
 public:
  explicit Printer(const TextStyle& style) : style_(style) {}

  std::string print(const Policy& policy) {
    for (const Section& section : policy.sections) {
      print_section(section);
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string painted(std::uint64_t result) const {
    std::string text = render_result(result);
    if (!style_.color) {
      return text;
    }
    const bool allows = result == kAllow || result == kLog;
    const bool kills = result == kKillProcess || result == kKillThread;
    return fmt::format("\033[{}m{}\033[0m", allows ? 32 : kills ? 31 : 33, text);
  }

  void print_section(const Section& section) {
    const std::string name =
        style_.color ? fmt::format("\033[1m{}\033[0m", section.name) : section.name;
    out_ += name + ":" + (section.like.empty() ? "" : " as " + section.like);
    const bool numbered = section.abi != raw::Abi::Unknown && section.archs.empty();
    if (section.rules.empty()) {
      out_ += " otherwise " + painted(section.otherwise) + "\n";
      return;
    }
    out_ += numbered ? "  # no architecture is checked; the names are those of x86_64\n" : "\n";
    for (const Rule& rule : section.rules) {
      print_rule(section, rule);
    }
    out_ += "  otherwise " + painted(section.otherwise) + "\n";
  }

  void print_rule(const Section& section, const Rule& rule) {
    const std::string action = "  " + render_result(rule.result) + ":";
    Lines lines(style_, 4);
    lines.begin("  " + painted(rule.result) + ":", action.size());
    const std::vector<std::string> items = items_of(section, rule);
    for (std::size_t i = 0; i < items.size(); ++i) {
      lines.add(items[i] + (i + 1 < items.size() ? "," : ""));
    }
    if (!is_always(rule.when)) {
      lines.add("if");
      const std::string condition = render_condition(section, rule);
      for (const std::string_view word : base::split(condition, ' ')) {
        lines.add(word);
      }
    }
    out_ += lines.text() + "\n";
  }

  const TextStyle& style_;
  std::string out_;
};

}  // namespace

std::string render_rules(const Policy& policy, const TextStyle& style) {
  return Printer(style).print(policy);
}

std::string render_rule(const Section& section, const Rule& rule, std::size_t at_most) {
  std::vector<std::string> items = items_of(section, rule);
  if (items.size() > at_most) {
    const std::size_t more = items.size() - at_most;
    items.resize(at_most);
    items.push_back(fmt::format("{} more", more));
  }
  std::string out = base::join(items, ", ");
  return is_always(rule.when) ? out : out + " if " + render_condition(section, rule);
}

}  // namespace boxtrace::bpf
