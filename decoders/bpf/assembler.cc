// The listing read back. A line is `[label:] statement [k=N] [jt=N] [jf=N] ; comment`.

#include <fmt/format.h>

#include <array>
#include <map>
#include <optional>
#include <utility>

#include "decoders/bpf/input.h"
#include "decoders/bpf/listing.h"
#include "decoders/bpf/outcome.h"
#include "decoders/bpf/word_names.h"
#include "tracer/base/text.h"

namespace boxtrace::bpf {
namespace {

using base::Error;
using base::Result;

struct Statement {
  std::size_t line = 0;  ///< in the text, from 1
  std::string_view text;
};

Error mistake(const Statement& statement, std::string what) {
  return Error{0, fmt::format("line {}: {}", statement.line, std::move(what)), {}};
}

using Labels = std::map<std::string, std::size_t, std::less<>>;

std::optional<std::uint32_t> parse_u32(std::string_view text) {
  const auto value = base::parse_u64(text);
  return value && *value <= 0xffffffff ? std::optional(static_cast<std::uint32_t>(*value))
                                       : std::nullopt;
}

/// A number, an architecture, or `x86_64:chmod`.
std::optional<std::uint32_t> parse_constant(std::string_view text) {
  if (const auto value = parse_u32(text)) {
    return value;
  }
  const std::size_t colon = text.find(':');
  const std::string_view arch_name = text.substr(0, colon);
  const bool x32 = arch_name == "x32";
  const Architecture* arch = find_architecture(x32 ? "x86_64" : arch_name);
  if (arch == nullptr) {
    return std::nullopt;
  }
  if (colon == std::string_view::npos) {
    return x32 ? std::nullopt : std::optional(arch->audit);
  }
  const auto nr = syscall_number(x32 ? raw::Abi::X32 : arch->abi, text.substr(colon + 1));
  return nr && x32 ? std::optional(*nr | kX32Bit) : nr;
}

constexpr std::array<std::pair<std::string_view, Op>, 9> kAssignments = {{
    {"+=", Op::Add},
    {"-=", Op::Subtract},
    {"*=", Op::Multiply},
    {"/=", Op::Divide},
    {"&=", Op::And},
    {"|=", Op::Or},
    {"^=", Op::Xor},
    {"<<=", Op::ShiftLeft},
    {">>=", Op::ShiftRight},
}};
constexpr std::array<std::pair<std::string_view, Op>, 4> kComparisons = {{
    {"==", Op::JumpEqual},
    {">", Op::JumpGreater},
    {">=", Op::JumpGreaterEqual},
    {"&", Op::JumpSet},
}};

/// `M[3]`: 3.
std::optional<std::uint32_t> parse_cell(std::string_view text, std::string_view array) {
  if (!text.starts_with(array) || !text.ends_with(']')) {
    return std::nullopt;
  }
  return parse_u32(text.substr(array.size(), text.size() - array.size() - 1));
}

Instruction make(Op op, bool by_x, std::uint32_t k) { return {opcode_of(op, by_x), 0, 0, k}; }

/// `into = from`, with A or X on the left.
std::optional<Instruction> parse_load(bool into_x, std::string_view from) {
  if (from == (into_x ? "A" : "X")) {
    return make(into_x ? Op::ToX : Op::FromX, false, 0);
  }
  if (from == "length") {
    return make(into_x ? Op::LoadXLength : Op::LoadLength, false, 0);
  }
  if (const auto cell = parse_cell(from, "M[")) {
    return make(into_x ? Op::LoadXMemory : Op::LoadMemory, false, *cell);
  }
  if (const auto value = parse_constant(from)) {
    return make(into_x ? Op::LoadXImmediate : Op::LoadImmediate, false, *value);
  }
  if (into_x) {
    return std::nullopt;
  }
  if (from == "-A") {
    return make(Op::Negate, false, 0);
  }
  if (const auto word = parse_word_name(from)) {
    return make(Op::LoadWord, false, static_cast<std::uint32_t>(*word * 4));
  }
  const auto offset = parse_cell(from, "call[");
  return offset ? std::optional(make(Op::LoadWord, false, *offset)) : std::nullopt;
}

std::optional<Instruction> parse_assignment(std::string_view text) {
  const std::vector<std::string_view> words = base::split_blanks(text);
  if (words.size() != 3) {
    return std::nullopt;
  }
  if (words[1] == "=") {
    if (words[0] == "A" || words[0] == "X") {
      return parse_load(words[0] == "X", words[2]);
    }
    const auto cell = parse_cell(words[0], "M[");
    const bool from_x = words[2] == "X";
    return cell && (from_x || words[2] == "A")
               ? std::optional(make(from_x ? Op::StoreX : Op::Store, false, *cell))
               : std::nullopt;
  }
  for (const auto& [sign, op] : kAssignments) {
    if (words[0] == "A" && words[1] == sign) {
      const auto value = parse_constant(words[2]);
      return words[2] == "X" ? std::optional(make(op, true, 0))
             : value         ? std::optional(make(op, false, *value))
                             : std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<Instruction> parse_return(std::string_view what) {
  if (what == "A") {
    return make(Op::ReturnA, false, 0);
  }
  const auto raw = parse_u32(what);
  const auto result = raw ? raw : parse_outcome(what);
  return result ? std::optional(make(Op::ReturnConstant, false, *result)) : std::nullopt;
}

/// `.word CODE JT JF K`.
std::optional<Instruction> parse_word(std::string_view text) {
  std::array<std::uint64_t, 4> fields{};
  constexpr std::array<std::uint64_t, 4> kMost = {0xffff, 0xff, 0xff, 0xffffffff};
  const std::vector<std::string_view> words = base::split_blanks(text);
  if (words.size() != fields.size()) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto value = base::parse_u64(words[i]);
    if (!value || *value > kMost.at(i)) {
      return std::nullopt;
    }
    fields.at(i) = *value;
  }
  return Instruction{static_cast<std::uint16_t>(fields[0]), static_cast<std::uint8_t>(fields[1]),
                     static_cast<std::uint8_t>(fields[2]), static_cast<std::uint32_t>(fields[3])};
}

class Assembler {
 public:
  Result<Program> assemble(std::string_view text) {
    TRY_OK(find_statements(text));
    Program program;
    for (std::size_t pc = 0; pc < statements_.size(); ++pc) {
      TRY(const Instruction in, parse_statement(statements_[pc], pc));
      program.push_back(in);
    }
    return program;
  }

 private:
  Result<void> find_statements(std::string_view text) {
    std::size_t line = 0;
    for (std::string_view row : base::split(text, '\n')) {
      ++line;
      row = base::trim(row.substr(0, row.find(';')));
      // `x86_64:chmod` is no label: that has a blank, or nothing, behind its colon.
      const std::size_t colon = row.find(':');
      if (colon != std::string_view::npos && row.find_first_of(" (") > colon &&
          (colon + 1 == row.size() || row[colon + 1] == ' ')) {
        const auto [at, fresh] =
            labels_.emplace(std::string(row.substr(0, colon)), statements_.size());
        if (!fresh) {
          return mistake({line, row}, "the label " + at->first + " is there twice");
        }
        row = base::trim(row.substr(colon + 1));
      }
      if (!row.empty()) {
        statements_.push_back({line, row});
      }
    }
    return {};
  }

  Result<std::size_t> parse_target(const Statement& statement, std::string_view label,
                                   std::size_t pc, std::size_t most) const {
    const auto found = labels_.find(base::trim(label));
    if (found == labels_.end()) {
      return mistake(statement, "there is no label " + base::quote(base::trim(label)));
    }
    const std::size_t target = found->second;
    if (target <= pc || target - pc - 1 > most) {
      return mistake(statement, fmt::format("cannot jump from {} to {}", pc, target));
    }
    return target - pc - 1;
  }

  /// `if (A == 5) goto L else goto M`; without `else` it falls through.
  Result<Instruction> parse_if(const Statement& statement, std::string_view text,
                               std::size_t pc) const {
    constexpr std::string_view kGoto = ") goto ";
    constexpr std::string_view kElse = " else goto ";
    const std::size_t close = text.find(kGoto);
    const std::vector<std::string_view> words = base::split_blanks(text.substr(0, close));
    const Error wrong = mistake(statement, "expected `if (A == VALUE) goto LABEL else goto LABEL`");
    if (close == std::string_view::npos || words.size() != 3 || words[0] != "A") {
      return wrong;
    }
    const std::string_view targets = text.substr(close + kGoto.size());
    const std::size_t separator = targets.find(kElse);
    for (const auto& [sign, op] : kComparisons) {
      if (words[1] != sign) {
        continue;
      }
      const bool by_x = words[2] == "X";
      const auto value = by_x ? std::optional<std::uint32_t>(0) : parse_constant(words[2]);
      if (!value) {
        return mistake(statement, "what is " + base::quote(words[2]) + "?");
      }
      constexpr std::size_t kMost = 255;
      Instruction in = make(op, by_x, *value);
      TRY(const std::size_t jt, parse_target(statement, targets.substr(0, separator), pc, kMost));
      in.jt = static_cast<std::uint8_t>(jt);
      if (separator != std::string_view::npos) {
        TRY(const std::size_t jf,
            parse_target(statement, targets.substr(separator + kElse.size()), pc, kMost));
        in.jf = static_cast<std::uint8_t>(jf);
      }
      return in;
    }
    return wrong;
  }

  Result<Instruction> parse_body(const Statement& statement, std::string_view text,
                                 std::size_t pc) const {
    if (text.starts_with("if (")) {
      return parse_if(statement, text.substr(4), pc);
    }
    if (text.starts_with("goto ")) {
      const std::string_view label = base::trim(text.substr(5));
      TRY(const std::size_t k, parse_target(statement, label, pc, 0xffffffff));
      return make(Op::Jump, false, static_cast<std::uint32_t>(k));
    }
    const auto in = text.starts_with("return ")  ? parse_return(base::trim(text.substr(7)))
                    : text.starts_with(".word ") ? parse_word(text.substr(6))
                                                 : parse_assignment(text);
    if (!in) {
      return mistake(statement, "cannot read " + base::quote(text));
    }
    return *in;
  }

  Result<Instruction> parse_statement(const Statement& statement, std::size_t pc) const {
    std::string_view text = statement.text;
    std::map<std::string_view, std::uint32_t> extras;
    for (std::size_t open = text.rfind(" ["); open != std::string_view::npos && text.ends_with(']');
         open = text.rfind(" [")) {
      const std::string_view extra = text.substr(open + 2, text.size() - open - 3);
      const std::size_t equals = extra.find('=');
      const auto value =
          equals == std::string_view::npos ? std::nullopt : parse_u32(extra.substr(equals + 1));
      if (!value) {
        break;
      }
      extras[extra.substr(0, equals)] = *value;
      text = base::trim(text.substr(0, open));
    }
    TRY(Instruction in, parse_body(statement, text, pc));
    for (const auto& [name, value] : extras) {
      if (name == "k") {
        in.k = value;
      } else if ((name == "jt" || name == "jf") && value <= 0xff) {
        (name == "jt" ? in.jt : in.jf) = static_cast<std::uint8_t>(value);
      } else {
        return mistake(statement, fmt::format("{}={} is not a field", name, value));
      }
    }
    return in;
  }

  std::vector<Statement> statements_;
  Labels labels_;
};

}  // namespace

Result<Program> parse_listing(std::string_view text) { return Assembler().assemble(text); }

}  // namespace boxtrace::bpf
