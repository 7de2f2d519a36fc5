#include "tests/unit/decoders/system_macros.h"

#include <cctype>
#include <fstream>
#include <string_view>

namespace boxtrace::decoders {
namespace {

/// A parser of constant expressions, only as good as kernel headers need it to be.
class Expression {
 public:
  Expression(const Macros& macros, std::string_view text, int depth)
      : macros_(macros), text_(text), depth_(depth) {}

  std::optional<std::uint64_t> parse() {
    const auto value = sequence();
    skip_blanks();
    return at_ == text_.size() ? value : std::nullopt;
  }

 private:
  std::optional<std::uint64_t> sequence() {
    auto value = operand();
    while (value) {
      skip_blanks();
      char op = at_ < text_.size() ? text_[at_] : '\0';
      if (op == '<' && text_.substr(at_, 2) == "<<") {
        ++at_;
      } else if (op != '+' && op != '-' && op != '|') {
        return value;
      }
      ++at_;
      const auto right = operand();
      if (!right) {
        return std::nullopt;
      }
      value = op == '+'   ? *value + *right
              : op == '-' ? *value - *right
              : op == '|' ? *value | *right
                          : *value << *right;
    }
    return value;
  }

  std::optional<std::uint64_t> operand() {
    skip_blanks();
    if (at_ == text_.size()) {
      return std::nullopt;
    }
    if (text_[at_] == '(') {
      return parenthesis();
    }
    if (text_[at_] == '-' || text_[at_] == '~') {
      const char sign = text_[at_++];
      const auto value = operand();
      return !value ? value : sign == '-' ? 0 - *value : ~*value;
    }
    return std::isdigit(static_cast<unsigned char>(text_[at_])) != 0 ? number() : macro();
  }

  /// A cast is a parenthesis that holds no number and is followed by an operand.
  std::optional<std::uint64_t> parenthesis() {
    const std::size_t start = ++at_;
    const auto value = sequence();
    skip_blanks();
    if (value && at_ < text_.size() && text_[at_] == ')') {
      ++at_;
      return value;
    }
    at_ = text_.find(')', start);
    if (at_ == std::string_view::npos) {
      at_ = text_.size();
      return std::nullopt;
    }
    ++at_;
    return operand();
  }

  std::optional<std::uint64_t> number() {
    std::size_t used = 0;
    const std::string digits{text_.substr(at_)};
    const std::uint64_t value = std::stoull(digits, &used, 0);
    at_ += used;
    while (at_ < text_.size() &&
           std::string_view{"uUlL"}.find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
    return value;
  }

  std::optional<std::uint64_t> macro() {
    const std::size_t start = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) {
      ++at_;
    }
    const auto found = macros_.find(std::string{text_.substr(start, at_ - start)});
    constexpr int kDeepest = 8;
    if (found == macros_.end() || depth_ == kDeepest) {
      return std::nullopt;
    }
    return Expression(macros_, found->second, depth_ + 1).parse();
  }

  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') {
      ++at_;
    }
  }

  const Macros& macros_;
  std::string_view text_;
  int depth_;
  std::size_t at_ = 0;
};

}  // namespace

Macros read_macros(const std::string& list) {
  Macros macros;
  std::ifstream file(std::string{MACRO_DIR} + "/" + list + ".macros");
  std::string line;
  while (std::getline(file, line)) {
    constexpr std::string_view kDefine = "#define ";
    const std::size_t space = line.find(' ', kDefine.size());
    if (line.rfind(kDefine, 0) != 0 || space == std::string::npos) {
      continue;
    }
    const std::string name = line.substr(kDefine.size(), space - kDefine.size());
    if (name.find('(') == std::string::npos) {
      macros.emplace(name, line.substr(space + 1));
    }
  }
  return macros;
}

std::optional<std::uint64_t> value_of(const Macros& macros, const std::string& name) {
  return Expression(macros, name, 0).parse();
}

}  // namespace boxtrace::decoders
