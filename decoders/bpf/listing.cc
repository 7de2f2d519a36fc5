#include "decoders/bpf/listing.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "decoders/bpf/input.h"
#include "decoders/bpf/outcome.h"
#include "decoders/bpf/verdict.h"
#include "decoders/bpf/word_names.h"

namespace boxtrace::bpf {
namespace {

constexpr std::string_view kReset = "\033[0m";
constexpr std::string_view kFaint = "\033[2m";
constexpr std::string_view kBold = "\033[1m";

/// What is known before an instruction: which word A holds, and the architecture if all paths
/// agree on it.
struct Known {
  bool reached = false;
  std::optional<std::size_t> a;
  std::optional<std::uint32_t> arch;
};

void meet(Known& into, const Known& other) {
  if (!into.reached) {
    into = other;
    return;
  }
  if (into.a != other.a) {
    into.a.reset();
  }
  if (into.arch != other.arch) {
    into.arch.reset();
  }
}

std::vector<Known> find_known(const Program& program) {
  std::vector<Known> known(program.size());
  known.front().reached = true;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const Instruction& in = program[pc];
    const Opcode opcode = *decode_opcode(in.code);
    Known next = known[pc];
    if (!next.reached || opcode.op == Op::ReturnConstant || opcode.op == Op::ReturnA) {
      continue;
    }
    if (opcode.op == Op::Jump) {
      meet(known[pc + 1 + in.k], next);
      continue;
    }
    if (is_conditional(opcode.op)) {
      meet(known[pc + 1 + in.jf], next);
      if (opcode.op == Op::JumpEqual && !opcode.by_x && next.a == kArchWord) {
        next.arch = in.k;
      }
      meet(known[pc + 1 + in.jt], next);
      continue;
    }
    if (opcode.op == Op::LoadWord) {
      next.a = in.k / 4;
    } else if (opcode.op != Op::Store && opcode.op != Op::StoreX && opcode.op != Op::ToX &&
               opcode.op != Op::LoadXMemory && opcode.op != Op::LoadXImmediate &&
               opcode.op != Op::LoadXLength) {
      next.a.reset();
    }
    meet(known[pc + 1], next);
  }
  return known;
}

/// What a constant that A is compared with stands for, or an empty text.
std::string name_of(std::uint32_t k, const Known& known) {
  if (known.a == kArchWord) {
    const Architecture* arch = find_architecture(k);
    return arch != nullptr ? std::string(arch->name) : "";
  }
  if (known.a != kNumberWord || !known.arch) {
    return "";
  }
  const Architecture* arch = find_architecture(*known.arch);
  if (arch == nullptr) {
    return "";
  }
  const bool x32 = arch->abi == raw::Abi::X86_64 && (k & kX32Bit) != 0;
  const std::string_view name =
      syscall_name(x32 ? raw::Abi::X32 : arch->abi, x32 ? k & ~kX32Bit : k);
  return name.empty() ? "" : fmt::format("{}:{}", x32 ? "x32" : arch->name, name);
}

std::string_view sign_of(Op op) {
  switch (op) {
    case Op::Add:
      return "+=";
    case Op::Subtract:
      return "-=";
    case Op::Multiply:
      return "*=";
    case Op::Divide:
      return "/=";
    case Op::And:
      return "&=";
    case Op::Or:
      return "|=";
    case Op::Xor:
      return "^=";
    case Op::ShiftLeft:
      return "<<=";
    case Op::ShiftRight:
      return ">>=";
    case Op::JumpEqual:
      return "==";
    case Op::JumpGreater:
      return ">";
    case Op::JumpGreaterEqual:
      return ">=";
    default:
      return "&";
  }
}

std::string number(std::uint32_t k) {
  return k < 10 ? std::to_string(k) : fmt::format("0x{:x}", k);
}

/// Fields that the instruction does not use; they are kept so that the same bytes come back.
std::string leftovers(const Instruction& in, bool k_unused, bool jumps_unused) {
  std::string out;
  if (k_unused && in.k != 0) {
    out += fmt::format(" [k={}]", number(in.k));
  }
  if (jumps_unused && in.jt != 0) {
    out += fmt::format(" [jt={}]", in.jt);
  }
  if (jumps_unused && in.jf != 0) {
    out += fmt::format(" [jf={}]", in.jf);
  }
  return out;
}

std::string render_word(const Instruction& in) {
  return fmt::format(".word 0x{:02x} {} {} 0x{:x}", in.code, in.jt, in.jf, in.k);
}

std::string render_move(Op op, std::uint32_t k) {
  switch (op) {
    case Op::LoadWord:
      return k % 4 == 0 && k < kInputSize ? "A = " + word_name(k / 4)
                                          : fmt::format("A = call[{}]", k);
    case Op::LoadLength:
      return "A = length";
    case Op::LoadImmediate:
      return "A = " + number(k);
    case Op::LoadMemory:
      return fmt::format("A = M[{}]", k);
    case Op::LoadXLength:
      return "X = length";
    case Op::LoadXImmediate:
      return "X = " + number(k);
    case Op::LoadXMemory:
      return fmt::format("X = M[{}]", k);
    case Op::Store:
      return fmt::format("M[{}] = A", k);
    case Op::StoreX:
      return fmt::format("M[{}] = X", k);
    case Op::ToX:
      return "X = A";
    case Op::FromX:
      return "A = X";
    default:
      return "A = -A";
  }
}

/// `text` is what assembles again, `comment` what a number stands for.
struct Line {
  std::string text;
  std::string comment;
};

/// `size`: of the program; a jump out of it has no label to name.
Line render_instruction(const Instruction& in, std::size_t pc, std::size_t size,
                        const Known& known) {
  const Opcode* opcode = decode_opcode(in.code);
  if (opcode == nullptr) {
    return {render_word(in), "not permitted"};
  }
  const Op op = opcode->op;
  const std::string operand = opcode->by_x ? "X" : number(in.k);
  const std::size_t behind = size - pc - 1;
  if (op == Op::Jump ? in.k >= behind
                     : is_conditional(op) && (in.jt >= behind || in.jf >= behind)) {
    return {render_word(in), "jumps past the end"};
  }
  if (op == Op::Jump) {
    return {fmt::format("goto {:04}{}", pc + 1 + in.k, leftovers(in, false, true)), ""};
  }
  if (is_conditional(op)) {
    return {fmt::format("if (A {} {}) goto {:04} else goto {:04}{}", sign_of(op), operand,
                        pc + 1 + in.jt, pc + 1 + in.jf, leftovers(in, opcode->by_x, false)),
            opcode->by_x || op == Op::JumpSet ? "" : name_of(in.k, known)};
  }
  if (op == Op::ReturnConstant) {
    // Only what the words say in full: an unknown action or data without meaning stays a number.
    const std::string words = render_outcome(in.k);
    const bool whole = parse_outcome(words) == in.k;
    return {fmt::format("return {}{}", whole ? words : fmt::format("0x{:08x}", in.k),
                        leftovers(in, false, true)),
            whole ? "" : render_outcome(effective(in.k))};
  }
  if (op == Op::ReturnA) {
    return {"return A" + leftovers(in, true, true), ""};
  }
  if (is_arithmetic(op)) {
    return {fmt::format("A {} {}{}", sign_of(op), operand, leftovers(in, opcode->by_x, true)), ""};
  }
  const bool k_unused = op == Op::LoadLength || op == Op::LoadXLength || op == Op::ToX ||
                        op == Op::FromX || op == Op::Negate;
  return {render_move(op, in.k) + leftovers(in, k_unused, true), ""};
}

}  // namespace

std::string render_listing(const Program& program, Paint paint) {
  // Names need paths, and paths need a program whose jumps are good.
  const std::vector<Known> known =
      find_refusal(program) ? std::vector<Known>(program.size()) : find_known(program);
  const bool colors = paint == Paint::Colors;
  std::string out;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const Line line = render_instruction(program[pc], pc, program.size(), known[pc]);
    const bool returns = line.text.starts_with("return");
    out += colors ? fmt::format("{}{:04}:{} {}{}{}", kFaint, pc, kReset, returns ? kBold : "",
                                line.text, returns ? kReset : "")
                  : fmt::format("{:04}: {}", pc, line.text);
    if (!line.comment.empty()) {
      out += fmt::format("{}  ; {}{}", colors ? kFaint : "", line.comment, colors ? kReset : "");
    }
    out += '\n';
  }
  return out;
}

}  // namespace boxtrace::bpf
