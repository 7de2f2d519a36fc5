// The text of rules_text.h read back.
//
//   policy:    { section }
//   section:   NAME ":" [ "as" NAME ] { rule } "otherwise" ANSWER
//   rule:      ANSWER ":" item { "," item } [ "if" condition ]
//   item:      CALL | NUMBER [ ".." [ NUMBER ] ]
//   condition: "always" | "never" | terms { "or" terms }
//   terms:     term { "and" term }
//   term:      operand [ "&" value ] ( SIGN value | [ "not" ] "in" "{" range { "," range } "}" )
//   operand:   NAME | ( "low" | "high" | "wide" ) "(" NAME ")"
//   comments:  from "#" to the end of the line, and between "/*" and "*/"
//   value:     [ "~" ] ( word { "|" word } | "(" value ")" )

#include <fmt/format.h>

#include <algorithm>

#include "decoders/bpf/argument_names.h"
#include "decoders/bpf/outcome.h"
#include "decoders/bpf/rules_text.h"
#include "tracer/base/text.h"

namespace boxtrace::bpf {
namespace {

using base::Error;
using base::Result;

constexpr std::uint64_t kLowMask = 0xffffffff;

struct Token {
  std::string_view text;  ///< empty: the end
  std::size_t line = 1;
};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::vector<Token> tokenise(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t line = 1;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '\n' || c == ' ' || c == '\t' || c == '\r') {
      line += c == '\n' ? 1U : 0U;
      ++at;
      continue;
    }
    if (text.substr(at, 2) == "/*") {
      const std::size_t end = text.find("*/", at + 2);
      const std::size_t behind = end == std::string_view::npos ? text.size() : end + 2;
      line += static_cast<std::size_t>(
          std::count(text.begin() + static_cast<std::ptrdiff_t>(at),
                     text.begin() + static_cast<std::ptrdiff_t>(behind), '\n'));
      at = behind;
      continue;
    }
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    std::size_t length = 1;
    if (is_word(c)) {
      while (at + length < text.size() && is_word(text[at + length])) {
        ++length;
      }
    } else if (const std::string_view two = text.substr(at, 2);
               two == "==" || two == "!=" || two == ">=" || two == "<=" || two == "..") {
      length = 2;
    }
    tokens.push_back({text.substr(at, length), line});
    at += length;
  }
  tokens.push_back({{}, line});
  return tokens;
}

bool is_answer(std::string_view word) {
  return word == "UNDECIDED" || parse_outcome(word).has_value() ||
         parse_outcome(std::string(word) + "(1)").has_value();
}

class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(tokenise(text)) {}

  Result<Policy> parse() {
    Policy policy;
    while (!peek().empty()) {
      TRY(Section section, parse_section(policy));
      policy.sections.push_back(std::move(section));
    }
    if (policy.sections.empty() || policy.sections.back().name != kOthers) {
      return mistake("the last section must be `others`");
    }
    return policy;
  }

 private:
  [[nodiscard]] std::string_view peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)].text;
  }
  std::string_view next() {
    const std::string_view text = peek();
    at_ = std::min(at_ + 1, tokens_.size() - 1);
    return text;
  }
  bool accept(std::string_view text) {
    if (peek() != text) {
      return false;
    }
    next();
    return true;
  }
  [[nodiscard]] Error mistake(std::string what) const {
    return Error{0, fmt::format("line {}: {}", tokens_[at_].line, std::move(what)), {}};
  }
  Result<void> expect(std::string_view text) {
    if (accept(text)) {
      return {};
    }
    return mistake(fmt::format("expected `{}`, not {}", text, found()));
  }
  [[nodiscard]] std::string found() const {
    return peek().empty() ? "the end" : base::quote(peek());
  }

  Result<std::uint64_t> parse_number() {
    const auto value = base::parse_u64(peek());
    if (!value) {
      return mistake("expected a number, not " + found());
    }
    next();
    return *value;
  }

  Result<Section> parse_section_name() {
    if (accept("arch")) {
      Section section;
      TRY(const std::uint64_t first, parse_number());
      std::uint64_t last = first;
      if (accept("..")) {
        TRY(last, parse_number());
      }
      section.name = first == last ? fmt::format("arch 0x{:x}", first)
                                   : fmt::format("arch 0x{:x}..0x{:x}", first, last);
      section.archs = {{first, last}};
      return section;
    }
    auto section = make_section(peek());
    if (!section) {
      return mistake("there is no architecture " + found());
    }
    next();
    return std::move(*section);
  }

  Result<Section> parse_section(const Policy& before) {
    TRY(Section section, parse_section_name());
    for (const Section& other : before.sections) {
      if (other.name == section.name || other.name == kOthers) {
        return mistake("the section " + section.name + " is there twice, or behind `others`");
      }
    }
    if (section.name == kOthers && before.sections.empty()) {
      section.abi = raw::Abi::X86_64;
    }
    TRY_OK(expect(":"));
    if (accept("as")) {
      section.like = next();
      const bool known = std::any_of(before.sections.begin(), before.sections.end(),
                                     [&](const Section& s) { return s.name == section.like; });
      if (!known) {
        return mistake("no section " + base::quote(section.like) + " stands above");
      }
    }
    while (!accept("otherwise")) {
      TRY(Rule rule, parse_rule(section));
      section.rules.push_back(std::move(rule));
    }
    TRY(section.otherwise, parse_answer());
    return section;
  }

  Result<std::uint64_t> parse_answer() {
    if (accept("UNDECIDED")) {
      return kUndecided;
    }
    if (!is_answer(peek())) {
      return mistake("expected an answer such as ALLOW or ERRNO(EPERM), not " + found());
    }
    std::string text(next());
    if (accept("(")) {
      text += fmt::format("({})", next());
      TRY_OK(expect(")"));
    }
    const auto result = parse_outcome(text);
    if (!result) {
      return mistake(base::quote(text) + " is not an answer");
    }
    return std::uint64_t{*result};
  }

  Result<Rule> parse_rule(const Section& section) {
    Rule rule;
    TRY(rule.result, parse_answer());
    TRY_OK(expect(":"));
    do {
      TRY(const Range range, parse_item(section));
      rule.numbers.push_back(range);
    } while (accept(","));
    if (accept("if")) {
      TRY(rule.when, parse_condition(section, rule));
    }
    return rule;
  }

  Result<Range> parse_item(const Section& section) {
    if (const auto nr = number_in(section, peek())) {
      next();
      return Range{*nr, *nr};
    }
    if (!base::parse_u64(peek())) {
      return mistake(found() + " is no system call of " + section.name);
    }
    TRY(const std::uint64_t first, parse_number());
    std::uint64_t last = first;
    if (accept("..")) {
      last = kLowMask;
      if (base::parse_u64(peek())) {
        TRY(last, parse_number());
      }
    }
    return Range{first, last};
  }

  Result<Condition> parse_condition(const Section& section, const Rule& rule) {
    if (accept("never")) {
      return Condition{};
    }
    Condition condition;
    do {
      Conjunction conjunction;
      if (!accept("always")) {
        do {
          TRY(Term term, parse_term(section, rule));
          conjunction.push_back(std::move(term));
        } while (accept("and"));
      }
      condition.push_back(std::move(conjunction));
    } while (accept("or"));
    return condition;
  }

  Result<std::uint64_t> parse_value(const decoders::ConstantTable* constants) {
    const bool inverse = accept("~");
    const bool bracket = accept("(");
    std::uint64_t value = 0;
    do {
      const auto word = parse_value_word(peek(), constants);
      if (!word) {
        return mistake("no constant is called " + found());
      }
      next();
      value |= *word;
    } while (accept("|"));
    if (bracket) {
      TRY_OK(expect(")"));
    }
    return inverse ? ~value : value;
  }

  struct Operand {
    unsigned shift = 0;
    const decoders::ConstantTable* constants = nullptr;
  };

  /// The left side of a term, into its field and mask.
  Result<Operand> parse_operand(const Section& section, const Rule& rule, Term& term) {
    const std::string_view part = peek(1) == "(" ? next() : std::string_view{};
    if (!part.empty()) {
      TRY_OK(expect("("));
    }
    const auto field = parse_field_name(section, rule, peek());
    if (!field) {
      return mistake("these calls have no argument " + found());
    }
    next();
    term.field = *field;
    Operand operand{0, field_names(section, rule, *field).constants};
    if (part.empty()) {
      term.mask = section.wide ? ~std::uint64_t{0} : kLowMask;
      return operand;
    }
    TRY_OK(expect(")"));
    if (part == "low") {
      term.mask = kLowMask;
    } else if (part == "wide") {
      term.mask = ~std::uint64_t{0};
    } else if (part == "high") {
      term.mask = ~kLowMask;
      operand = {kWordBits, nullptr};
    } else {
      return mistake(base::quote(part) + " is neither low, high nor wide");
    }
    return operand;
  }

  Result<Term> parse_term(const Section& section, const Rule& rule) {
    Term term;
    TRY(const Operand operand, parse_operand(section, rule, term));
    if (accept("&")) {
      TRY(const std::uint64_t mask, parse_value(operand.constants));
      term.mask &= mask << operand.shift;
    }
    const std::uint64_t most = term.mask >> operand.shift;
    const auto add = [&](std::uint64_t first, std::uint64_t last) {
      term.ranges.push_back({first << operand.shift, last << operand.shift});
    };
    if (peek() == "not" || peek() == "in") {
      term.negated = accept("not");
      TRY_OK(expect("in"));
      TRY_OK(expect("{"));
      do {
        TRY(const std::uint64_t first, parse_value(operand.constants));
        std::uint64_t last = first;
        if (accept("..")) {
          TRY(last, parse_value(operand.constants));
        }
        add(first, last);
      } while (accept(","));
      TRY_OK(expect("}"));
      return term;
    }
    const std::string_view sign = next();
    TRY(const std::uint64_t value, parse_value(operand.constants));
    if (sign == "==" || sign == "!=") {
      add(value, value);
    } else if (sign == "<=" || sign == ">") {
      add(0, value);
    } else if (sign == ">=" || sign == "<") {
      add(value, most);
    } else {
      return mistake(base::quote(sign) + " compares nothing");
    }
    term.negated = sign == "!=" || sign == ">" || sign == "<";
    return term;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Policy> parse_rules(std::string_view text) { return Parser(text).parse(); }

}  // namespace boxtrace::bpf
