#include "runtime/dbus/variant_text.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>

namespace boxrun::dbus {
namespace {

/// Words that may stand before a value, and the type that they give it.
struct TypeWord {
  std::string_view word;
  char type;
};
constexpr std::array<TypeWord, 13> kTypeWords = {{{"boolean", 'b'},
                                                  {"byte", 'y'},
                                                  {"int16", 'n'},
                                                  {"uint16", 'q'},
                                                  {"int32", 'i'},
                                                  {"uint32", 'u'},
                                                  {"handle", 'h'},
                                                  {"int64", 'x'},
                                                  {"uint64", 't'},
                                                  {"double", 'd'},
                                                  {"string", 's'},
                                                  {"objectpath", 'o'},
                                                  {"signature", 'g'}}};

/// Whole numbers by type: from `min` to `max`.
struct Range {
  char type;
  std::int64_t min;
  std::uint64_t max;
};
template <typename T>
constexpr Range range_of(char type) {
  return {type, std::numeric_limits<T>::min(),
          static_cast<std::uint64_t>(std::numeric_limits<T>::max())};
}
constexpr std::array<Range, 8> kRanges = {{range_of<std::uint8_t>('y'),
                                           range_of<std::int16_t>('n'),
                                           range_of<std::uint16_t>('q'),
                                           range_of<std::int32_t>('i'),
                                           range_of<std::uint32_t>('u'),
                                           range_of<std::int32_t>('h'),
                                           range_of<std::int64_t>('x'),
                                           {'t', 0, std::numeric_limits<std::uint64_t>::max()}}};

/// The number's bits, if it is one and fits.
std::optional<std::uint64_t> parse_whole(std::string_view text, char type) {
  for (const Range& range : kRanges) {
    if (range.type != type) {
      continue;
    }
    if (text.starts_with('-')) {
      const auto number = base::parse_i64(text);
      return number && *number >= range.min ? std::optional{static_cast<std::uint64_t>(*number)}
                                            : std::nullopt;
    }
    const auto number = base::parse_u64(text);
    return number && *number <= range.max ? number : std::nullopt;
  }
  return std::nullopt;
}

constexpr int kDeepest = 16;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Value> parse() {
    TRY(Value value, value_of({}, 0));
    skip_blanks();
    if (at_ != text_.size()) {
      return wrong("nothing more was expected");
    }
    return value;
  }

 private:
  [[nodiscard]] Error wrong(std::string_view what) const {
    return {0, fmt::format("{}: {}, at character {}", base::quote(text_), what, at_ + 1),
            "values are written as GVariant text: 'text', true, uint64 5, ['a', 'b']"};
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) {
      ++at_;
    }
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool accept(char c) {
    skip_blanks();
    if (peek() != c || at_ == text_.size()) {
      return false;
    }
    ++at_;
    return true;
  }
  std::string_view word() {
    const std::size_t start = at_;
    while (at_ < text_.size() &&
           std::string_view{" \t\n,()[]<>{}'\"@:"}.find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
    return text_.substr(start, at_ - start);
  }

  Result<Value> value_of(std::string_view type, int depth);
  Result<Value> typed(int depth);
  Result<Value> quoted(std::string_view type);
  Result<Value> array(std::string_view type, int depth);
  Result<Value> tuple(std::string_view type, int depth);
  Result<Value> literal(std::string_view type, int depth);

  std::string_view text_;
  std::size_t at_ = 0;
};

/// @param type  what it has to be; empty where the text decides
Result<Value> Parser::value_of(std::string_view type, int depth) {
  skip_blanks();
  if (depth > kDeepest) {
    return wrong("nested too deeply");
  }
  switch (peek()) {
    case '@':
      return typed(depth);
    case '\'':
    case '"':
      return quoted(type);
    case '[':
      return array(type, depth);
    case '(':
      return tuple(type, depth);
    case '<': {
      ++at_;
      TRY(Value inner, value_of({}, depth + 1));
      if (!accept('>') || (!type.empty() && type != "v")) {
        return wrong("not the variant that was expected");
      }
      return make_variant(std::move(inner));
    }
    default:
      return literal(type, depth);
  }
}

/// `@as []`.
Result<Value> Parser::typed(int depth) {
  ++at_;
  const std::size_t length = type_length(text_.substr(at_));
  if (length == 0) {
    return wrong("not a type");
  }
  const std::string_view type = text_.substr(at_, length);
  at_ += length;
  return value_of(type, depth + 1);
}

Result<Value> Parser::quoted(std::string_view type) {
  const char quote = text_[at_++];
  Value value{type.empty() ? "s" : std::string{type}, 0, {}, {}};
  if (value.type != "s" && value.type != "o" && value.type != "g") {
    return wrong(fmt::format("a text where the type is {}", value.type));
  }
  for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
    char c = text_[at_];
    if (c == '\\' && at_ + 1 < text_.size()) {
      c = text_[++at_];
      constexpr std::string_view kLetters = "abfnrtv";
      constexpr std::string_view kMeant = "\a\b\f\n\r\t\v";
      if (c == 'u' || c == 'U') {
        return wrong("escapes by number are not understood: write the character itself");
      }
      const auto letter = kLetters.find(c);
      c = letter == std::string_view::npos ? c : kMeant[letter];
    }
    value.text += c;
  }
  if (at_ == text_.size()) {
    return wrong("the text has no end");
  }
  ++at_;
  return value;
}

Result<Value> Parser::array(std::string_view type, int depth) {
  ++at_;
  std::string element{type.empty() ? type : type.substr(1)};
  if (!type.empty() && type.front() != 'a') {
    return wrong(fmt::format("an array where the type is {}", type));
  }
  std::vector<Value> parts;
  if (!accept(']')) {
    do {
      TRY(Value part, value_of(element, depth + 1));
      element = part.type;
      parts.push_back(std::move(part));
    } while (accept(','));
    if (!accept(']')) {
      return wrong("a ] was expected");
    }
  } else if (element.empty()) {
    return wrong("an empty array needs its type: @as []");
  }
  return make_array(element, std::move(parts));
}

Result<Value> Parser::tuple(std::string_view type, int depth) {
  ++at_;
  if (!type.empty() && type.front() != '(') {
    return wrong(fmt::format("a tuple where the type is {}", type));
  }
  std::string_view types = type.empty() ? type : type.substr(1);
  std::vector<Value> parts;
  do {
    if (accept(')')) {
      --at_;
      break;  // a comma after the last one, which makes a tuple of a single value
    }
    const std::string_view field = types.substr(0, type_length(types));
    TRY(Value part, value_of(field, depth + 1));
    types.remove_prefix(field.size());
    parts.push_back(std::move(part));
  } while (accept(','));
  Value value = make_struct(std::move(parts));
  if (!accept(')') || value.parts.empty() || (!type.empty() && value.type != type)) {
    return wrong("not the tuple that was expected");
  }
  return value;
}

/// A number or a boolean, with or without a word for its type.
Result<Value> Parser::literal(std::string_view type, int depth) {
  const std::string_view written = word();
  for (const TypeWord& known : kTypeWords) {
    if (known.word == written) {
      const std::string_view named{&known.type, 1};
      if (!type.empty() && type != named) {
        return wrong(fmt::format("{} where the type is {}", written, type));
      }
      return value_of(named, depth + 1);
    }
  }
  if (written == "true" || written == "false") {
    if (!type.empty() && type != "b") {
      return wrong(fmt::format("a boolean where the type is {}", type));
    }
    return make_boolean(written == "true");
  }
  const bool has_point =
      written.find_first_of(".eE") != std::string_view::npos && !written.starts_with("0x");
  const std::string wanted = !type.empty() ? std::string{type} : has_point ? "d" : "i";
  if (wanted == "d") {
    double number = 0;
    const auto [end, error] =
        std::from_chars(written.data(), written.data() + written.size(), number);
    if (error == std::errc{} && end == written.data() + written.size() && !written.empty()) {
      return Value{"d", std::bit_cast<std::uint64_t>(number), {}, {}};
    }
  } else if (const auto number =
                 wanted.size() == 1 ? parse_whole(written, wanted.front()) : std::nullopt) {
    return Value{wanted, *number, {}, {}};
  }
  return wrong(fmt::format("{} is no value of type {}", base::quote(written), wanted));
}

}  // namespace

Result<Value> parse_variant_text(std::string_view text) { return Parser{text}.parse(); }

}  // namespace boxrun::dbus
