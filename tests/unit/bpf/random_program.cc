#include "tests/unit/bpf/random_program.h"

#include <algorithm>
#include <cstdlib>
#include <span>

namespace boxtrace::bpf::testing {
namespace {

constexpr std::array<std::uint32_t, 7> kArchitectures = {
    0xC000003E, 0x40000003, 0xC00000B7, 0x40000028, 0x80000016, 0xC00000F3, 0};

constexpr std::array kPlain = {Op::LoadWord,    Op::LoadWord,    Op::LoadWord,
                               Op::LoadWord,    Op::LoadLength,  Op::LoadImmediate,
                               Op::LoadMemory,  Op::LoadXLength, Op::LoadXImmediate,
                               Op::LoadXMemory, Op::Store,       Op::StoreX,
                               Op::Add,         Op::Subtract,    Op::Multiply,
                               Op::Divide,      Op::And,         Op::Or,
                               Op::Xor,         Op::ShiftLeft,   Op::ShiftRight,
                               Op::Negate,      Op::ToX,         Op::FromX,
                               Op::Jump};
constexpr std::array kLadderOps = {Op::LoadWord, Op::LoadWord, Op::LoadWord,   Op::And,
                                   Op::And,      Op::Or,       Op::ShiftRight, Op::LoadLength,
                                   Op::Subtract, Op::Jump};
constexpr std::array kMemoryOps = {Op::LoadWord,    Op::LoadWord, Op::LoadXLength, Op::Store,
                                   Op::Store,       Op::StoreX,   Op::StoreX,      Op::LoadMemory,
                                   Op::LoadXMemory, Op::ToX,      Op::FromX,       Op::And,
                                   Op::Add,         Op::Xor,      Op::Jump};
constexpr std::array kArithmeticOps = {
    Op::LoadWord, Op::LoadWord, Op::LoadXImmediate, Op::ToX,        Op::FromX,
    Op::Add,      Op::Subtract, Op::Multiply,       Op::Divide,     Op::And,
    Op::Or,       Op::Xor,      Op::ShiftLeft,      Op::ShiftRight, Op::Negate};

/// How a shape is made.
struct Mix {
  std::span<const Op> ops;
  std::uint32_t jumps = 35;      ///< percent of conditional jumps
  std::uint32_t answers = 8;     ///< percent of RET among the others
  std::uint32_t near = 70;       ///< percent of jumps that are short
  std::uint32_t by_x = 40;       ///< percent of arithmetic by X
  std::uint32_t few_cells = 80;  ///< percent of memory accesses that are to the first words
};

Mix mix_of(Shape shape) {
  switch (shape) {
    case Shape::Ladder:
      return {kLadderOps, 65, 30, 40, 10, 80};
    case Shape::Memory:
      return {kMemoryOps, 25, 4, 70, 40, 10};
    case Shape::Arithmetic:
      return {kArithmeticOps, 25, 6, 70, 40, 80};
    case Shape::Mixed:
      break;
  }
  return {kPlain, 35, 8, 70, 40, 80};
}

constexpr std::array kJumps = {Op::JumpEqual, Op::JumpGreater, Op::JumpGreaterEqual, Op::JumpSet};
constexpr std::array<std::uint32_t, 10> kResults = {0x80000000, 0x00000000, 0x00030007, 0x00050001,
                                                    0x00050026, 0x7fc00000, 0x7ff00001, 0x7ffc0000,
                                                    0x7fff0000, 0x0005ffff};

/// Has every word that memory reads need been written on every path? Then nothing is changed;
/// else the read becomes a load of a constant.
void repair_reads(Program& program) {
  std::vector<std::uint16_t> written(program.size(), 0xffff);
  std::uint16_t now = 0;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    now &= written[pc];
    Instruction& in = program[pc];
    const Op op = decode_opcode(in.code)->op;
    const auto bit = static_cast<std::uint16_t>(1U << (in.k % kMemoryWords));
    if (op == Op::Store || op == Op::StoreX) {
      now |= bit;
    } else if ((op == Op::LoadMemory || op == Op::LoadXMemory) && (now & bit) == 0) {
      in.code = opcode_of(op == Op::LoadMemory ? Op::LoadImmediate : Op::LoadXImmediate, false);
    } else if (op == Op::Jump) {
      written[pc + 1 + in.k] &= now;
      now = 0xffff;
    } else if (is_conditional(op)) {
      written[pc + 1 + in.jt] &= now;
      written[pc + 1 + in.jf] &= now;
      now = 0xffff;
    }
  }
}

}  // namespace

std::size_t program_count(std::size_t usual) {
  const char* wanted = std::getenv("BOXTRACE_PROGRAMS");
  return wanted != nullptr ? static_cast<std::size_t>(std::atoll(wanted)) : usual;
}

std::uint32_t random_constant(Random& random) {
  switch (random.below(6)) {
    case 0:
      return random.below(600);
    case 1:
      return kArchitectures.at(random.below(kArchitectures.size()));
    case 2:
      return 1U << random.below(32);
    case 3:
      return (1U << random.below(32)) - 1;
    case 4:
      return random.below(16);
    default:
      return static_cast<std::uint32_t>(random.next());
  }
}

Program random_program(Random& random, std::size_t length, Shape shape) {
  const Mix mix = mix_of(shape);
  Program program;
  while (program.size() + 1 < length) {
    const auto behind = static_cast<std::uint32_t>(length - program.size() - 1);
    Instruction in;
    if (random.chance(mix.jumps)) {
      in.code = opcode_of(kJumps.at(random.below(kJumps.size())), random.chance(20));
      in.k = random_constant(random);
      in.jt = static_cast<std::uint8_t>(
          random.below(std::min(behind, random.chance(mix.near) ? 8U : 256U)));
      in.jf = static_cast<std::uint8_t>(
          random.below(std::min(behind, random.chance(mix.near) ? 8U : 256U)));
    } else if (random.chance(mix.answers)) {
      in.code = opcode_of(random.chance(25) ? Op::ReturnA : Op::ReturnConstant, false);
      in.k =
          random.chance(80) ? kResults.at(random.below(kResults.size())) : random_constant(random);
    } else {
      const Op op = mix.ops[random.below(static_cast<std::uint32_t>(mix.ops.size()))];
      const bool by_x = is_arithmetic(op) && random.chance(mix.by_x);
      in.code = opcode_of(op, by_x);
      in.k = random_constant(random);
      if (op == Op::LoadWord) {
        in.k = 4 * random.below(kInputWords);
      } else if (op == Op::Divide && in.k == 0) {
        in.k = 3;
      } else if (op == Op::ShiftLeft || op == Op::ShiftRight) {
        in.k %= 32;
      } else if (op == Op::Jump) {
        in.k = random.below(std::min(behind, 12U));
      } else if (op == Op::LoadMemory || op == Op::LoadXMemory || op == Op::Store ||
                 op == Op::StoreX) {
        in.k = random.below(random.chance(mix.few_cells) ? 3 : kMemoryWords);
      }
    }
    program.push_back(in);
  }
  program.push_back({opcode_of(random.chance(90) ? Op::ReturnConstant : Op::ReturnA, false), 0, 0,
                     kResults.at(random.below(kResults.size()))});
  repair_reads(program);
  return program;
}

Program random_broken_program(Random& random) {
  Program program =
      random_program(random, 1 + random.below(60), kShapes.at(random.below(kShapes.size())));
  if (random.chance(10)) {
    for (Instruction& in : program) {
      in = {static_cast<std::uint16_t>(random.below(random.chance(50) ? 256 : 65536)),
            static_cast<std::uint8_t>(random.below(256)),
            static_cast<std::uint8_t>(random.below(256)), random_constant(random)};
    }
    return program;
  }
  for (std::uint32_t changes = 1 + random.below(3); changes-- > 0;) {
    const std::size_t at = random.below(static_cast<std::uint32_t>(program.size()));
    Instruction& in = program[at];
    switch (random.below(7)) {
      case 0:
        in.code = static_cast<std::uint16_t>(random.below(256));
        break;
      case 1:
        in.code = static_cast<std::uint16_t>(in.code ^ 1U << random.below(16));
        break;
      case 2:
        in.jt = static_cast<std::uint8_t>(random.below(64));
        break;
      case 3:
        in.jf = static_cast<std::uint8_t>(random.below(64));
        break;
      case 4:
        in.k = random.chance(50)   ? random.below(80)
               : random.chance(50) ? ~random.below(80)  // jumps that wrap around
                                   : random_constant(random);
        break;
      case 5:
        in.code = opcode_of(random.chance(50) ? Op::LoadMemory : Op::LoadXMemory, false);
        in.k = random.below(18);
        break;
      default:
        program.resize(at + (random.chance(90) ? 1 : 0));
        break;
    }
    if (program.empty()) {
      break;
    }
  }
  return program;
}

std::vector<Input> random_inputs(Random& random, const Program& program, std::size_t count) {
  std::vector<std::uint32_t> interesting = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x40000000};
  for (const Instruction& in : program) {
    for (const std::uint32_t k : {in.k, in.k + 1, in.k - 1, ~in.k}) {
      interesting.push_back(k);
    }
  }
  std::vector<Input> inputs(count);
  for (Input& input : inputs) {
    for (std::uint32_t& word : input) {
      word = random.chance(75)
                 ? interesting[random.below(static_cast<std::uint32_t>(interesting.size()))]
                 : random_constant(random);
    }
    if (random.chance(50)) {
      input[kArchWord] = kArchitectures.at(random.below(kArchitectures.size()));
    }
    if (random.chance(50)) {
      input[kNumberWord] = random.below(600);
    }
  }
  return inputs;
}

}  // namespace boxtrace::bpf::testing
