#include "decoders/bpf/solve.h"

#include <algorithm>
#include <array>
#include <optional>

#include "decoders/bpf/outcome.h"

namespace boxtrace::bpf {
namespace {

constexpr Node kFalse = Diagram::kFalse;
constexpr Node kTrue = Diagram::kTrue;

// --- the order of the bits

constexpr unsigned kFields = 7;  ///< 64-bit ones: the instruction pointer and six arguments
constexpr unsigned kFieldBits = 64;

// --- the run

/// Nodes that no operation may use up, for the bits that may be anything.
constexpr std::size_t kReserve = 100'000;
/// An operation may use this part of what is left.
constexpr std::size_t kShare = 4;

struct Registers {
  Word a = constant_word(0);
  Word x = constant_word(0);
  std::array<Word, kMemoryWords> memory{};
};

/// Registers whose content still matters: a bit each, memory first.
using Live = std::uint32_t;
constexpr Live kLiveA = 1U << kMemoryWords;
constexpr Live kLiveX = 1U << (kMemoryWords + 1);

struct Effect {
  Live reads = 0;
  Live writes = 0;
};

Effect effect_of(const Instruction& instruction) {
  const Opcode opcode = *decode_opcode(instruction.code);
  const Live cell = 1U << (instruction.k % kMemoryWords);
  switch (opcode.op) {
    case Op::LoadWord:
    case Op::LoadLength:
    case Op::LoadImmediate:
      return {0, kLiveA};
    case Op::LoadMemory:
      return {cell, kLiveA};
    case Op::LoadXLength:
    case Op::LoadXImmediate:
      return {0, kLiveX};
    case Op::LoadXMemory:
      return {cell, kLiveX};
    case Op::Store:
      return {kLiveA, cell};
    case Op::StoreX:
      return {kLiveX, cell};
    case Op::ToX:
      return {kLiveA, kLiveX};
    case Op::FromX:
      return {kLiveX, kLiveA};
    case Op::Jump:
    case Op::ReturnConstant:
      return {};
    case Op::ReturnA:
      return {kLiveA, 0};
    default:
      break;
  }
  const Live reads = kLiveA | (opcode.by_x ? kLiveX : 0);
  return {reads, is_conditional(opcode.op) ? 0 : kLiveA};
}

/// What is live before each instruction.
std::vector<Live> find_live(const Program& program) {
  std::vector<Live> live(program.size(), 0);
  for (std::size_t pc = program.size(); pc-- > 0;) {
    const Instruction& instruction = program[pc];
    const Op op = decode_opcode(instruction.code)->op;
    Live after = 0;
    if (op == Op::Jump) {
      after = live[pc + 1 + instruction.k];
    } else if (is_conditional(op)) {
      after = live[pc + 1 + instruction.jt] | live[pc + 1 + instruction.jf];
    } else if (op != Op::ReturnConstant && op != Op::ReturnA) {
      after = live[pc + 1];
    }
    const Effect effect = effect_of(instruction);
    live[pc] = (after & ~effect.writes) | effect.reads;
  }
  return live;
}

/// One program, all inputs.
class Execution {
 public:
  Execution(Diagram& diagram, Order order, Answers answers, const Effort& effort,
            Level first_unknown)
      : d_(diagram),
        order_(order),
        answers_(answers),
        effort_(effort),
        next_unknown_(first_unknown) {}

  /// The function of the program; meaningless if the diagram overflowed: not even the reserve was
  /// enough.
  Node execute(const Program& program) {
    states_.assign(program.size(), std::nullopt);
    live_ = find_live(program);
    states_.front() = State{kTrue, {}};
    result_ = d_.answer(0);  // every input reaches a RET, which replaces it
    for (std::size_t pc = 0; pc < program.size() && !d_.overflowed(); ++pc) {
      if (!states_[pc] || states_[pc]->reach == kFalse) {
        continue;
      }
      State state = *states_[pc];
      states_[pc].reset();
      step(program[pc], pc, state);
    }
    return result_;
  }

  [[nodiscard]] Level next_unknown() const { return next_unknown_; }

 private:
  struct State {
    Node reach = kFalse;  ///< the inputs that come here
    Registers registers;
  };

  /// Runs `operation` with a share of what is left. If it does not fit, what it made is forgotten,
  /// and `instead` says what to do.
  template <typename Operation, typename Instead>
  auto within_share(Operation operation, Instead instead) {
    const auto share = [](auto all, auto used) {
      return used + (all - std::min(all, used)) / kShare;
    };
    const std::size_t mark = d_.size();
    d_.set_limits(share(effort_.nodes - std::min(kReserve, effort_.nodes / 2), mark),
                  share(effort_.steps, d_.steps()));
    auto result = operation();
    const bool failed = d_.overflowed();
    if (failed) {
      d_.rollback(mark);
    }
    d_.set_limits(effort_.nodes, Diagram::kNoLimit);
    return failed ? instead() : result;
  }

  Node unknown_bit() { return d_.bit(next_unknown_++); }
  Word unknown_word() {
    Word word{};
    std::generate(word.begin(), word.end(), [this] { return unknown_bit(); });
    return word;
  }

  Node condition(Op op, const Word& a, const Word& b) {
    return within_share([&] { return compare(d_, op, a, b); }, [&] { return unknown_bit(); });
  }
  Node both(Node a, Node b) {
    return within_share([&] { return d_.conjunction(a, b); }, [&] { return unknown_bit(); });
  }
  Node either(Node a, Node b) {
    return within_share([&] { return d_.disjunction(a, b); }, [&] { return unknown_bit(); });
  }
  Node without(Node a, Node b) {
    return within_share([&] { return d_.difference(a, b); }, [&] { return unknown_bit(); });
  }

  void step(const Instruction& instruction, std::size_t pc, State& state) {
    Registers& r = state.registers;
    const Opcode opcode = *decode_opcode(instruction.code);
    const Op op = opcode.op;
    const Word operand = opcode.by_x ? r.x : constant_word(instruction.k);
    if (op == Op::ReturnConstant || op == Op::ReturnA) {
      finish(state.reach, op == Op::ReturnA ? r.a : constant_word(instruction.k));
    } else if (op == Op::Jump) {
      arrive(pc + 1 + instruction.k, state);
    } else if (is_conditional(op)) {
      branch(instruction, pc, state, condition(op, r.a, operand));
    } else {
      if (op == Op::Divide && opcode.by_x) {
        const Node zero = condition(Op::JumpEqual, r.x, constant_word(0));
        finish(both(state.reach, zero), constant_word(kKillThread));
        state.reach = without(state.reach, zero);
      }
      if (is_arithmetic(op) || op == Op::Negate) {
        r.a = within_share(
            [&] { return op == Op::Negate ? negated(d_, r.a) : compute(d_, op, r.a, operand); },
            [&] { return unknown_word(); });
      } else {
        move_word(op, instruction.k, r);
      }
      arrive(pc + 1, state);
    }
  }

  void move_word(Op op, std::uint32_t k, Registers& r) {
    switch (op) {
      case Op::LoadWord:
        for (unsigned i = 0; i < kWordBits; ++i) {
          r.a.at(i) = d_.bit(level_of(order_, k / 4, i));
        }
        break;
      case Op::LoadLength:
        r.a = constant_word(kInputSize);
        break;
      case Op::LoadImmediate:
        r.a = constant_word(k);
        break;
      case Op::LoadMemory:
        r.a = r.memory.at(k);
        break;
      case Op::LoadXLength:
        r.x = constant_word(kInputSize);
        break;
      case Op::LoadXImmediate:
        r.x = constant_word(k);
        break;
      case Op::LoadXMemory:
        r.x = r.memory.at(k);
        break;
      case Op::Store:
        r.memory.at(k) = r.a;
        break;
      case Op::StoreX:
        r.memory.at(k) = r.x;
        break;
      case Op::ToX:
        r.x = r.a;
        break;
      case Op::FromX:
        r.a = r.x;
        break;
      default:
        break;
    }
  }

  void branch(const Instruction& instruction, std::size_t pc, State& state, Node taken) {
    State other{without(state.reach, taken), state.registers};
    state.reach = both(state.reach, taken);
    arrive(pc + 1 + instruction.jt, state);
    arrive(pc + 1 + instruction.jf, other);
  }

  /// `state` continues at `pc`, where other paths may have arrived before.
  void arrive(std::size_t pc, State state) {
    if (state.reach == kFalse) {
      return;
    }
    std::optional<State>& there = states_[pc];
    if (!there) {
      there = state;
      return;
    }
    const Live live = live_[pc];
    const auto merge = [&](Live bit, Word& into, const Word& from) {
      if ((live & bit) != 0 && into != from) {
        into = within_share([&] { return choose(d_, state.reach, from, into); },
                            [&] { return unknown_word(); });
      }
    };
    merge(kLiveA, there->registers.a, state.registers.a);
    merge(kLiveX, there->registers.x, state.registers.x);
    for (std::size_t i = 0; i < kMemoryWords; ++i) {
      merge(1U << i, there->registers.memory.at(i), state.registers.memory.at(i));
    }
    there->reach = either(there->reach, state.reach);
  }

  /// Inputs in `reach` end with the answer `result`.
  void finish(Node reach, const Word& result) {
    const auto undecided = [&] { return d_.answer(kUndecided); };
    const Node answer = within_share([&] { return answer_of(reach, result); }, undecided);
    result_ = within_share([&] { return d_.choose(reach, answer, result_); }, undecided);
  }

  /// `result` as answers, by its bits from the top. Where `care` does not hold, any will do.
  // NOLINTNEXTLINE(misc-no-recursion): as deep as a word has bits
  Node split(Node care, const Word& result, unsigned bits, std::uint32_t known) {
    if (care == kFalse || d_.overflowed()) {
      return kFalse;
    }
    if (bits == 0) {
      return d_.answer(answers_ == Answers::Effective ? effective(known) : ranked(known));
    }
    const unsigned i = bits - 1;
    const Node bit = result.at(i);
    const Node high = split(d_.conjunction(care, bit), result, i, known | 1U << i);
    const Node low = split(d_.difference(care, bit), result, i, known);
    return high == kFalse ? low : low == kFalse ? high : d_.choose(bit, high, low);
  }

  Node answer_of(Node reach, const Word& result) {
    if (answers_ == Answers::Ranked) {
      return split(reach, result, kWordBits, 0);
    }
    // Nearly all 2^32 values are unknown actions, which are all the same: only known ones are
    // split.
    constexpr unsigned kDataBits = 16;
    Node answer = d_.answer(kKillProcess);
    for (const std::uint32_t action :
         {kKillProcess, kKillThread, kTrap, kErrno, kUserNotif, kTrace, kLog, kAllow}) {
      Word upper = result;
      std::fill_n(upper.begin(), kDataBits, kFalse);
      const Node is_it = compare(d_, Op::JumpEqual, upper, constant_word(action));
      const Node here = d_.conjunction(reach, is_it);
      if (here == kFalse || action == kKillProcess) {
        continue;
      }
      const bool plain = ranked(action | 1) == action;
      const Node its = plain ? d_.answer(action) : split(here, result, kDataBits, action);
      answer = d_.choose(is_it, its == kFalse ? answer : its, answer);
    }
    return answer;
  }

  Diagram& d_;
  Order order_;
  Answers answers_;
  const Effort& effort_;
  Level next_unknown_;
  std::vector<std::optional<State>> states_;
  std::vector<Live> live_;
  Node result_ = kFalse;
};

/// All programs in one order.
Solution attempt(std::span<const Program> programs, Answers answers, Order order,
                 const Effort& effort) {
  Solution out;
  out.diagram = std::make_unique<Diagram>(effort.nodes);
  out.order = order;
  Diagram& d = *out.diagram;
  const Node undecided = d.answer(kUndecided);
  Level unknown = kInputLevels;
  for (const Program& program : programs) {
    Execution run(d, order, answers, effort, unknown);
    Node root = run.execute(program);
    unknown = run.next_unknown();
    if (unknown > kInputLevels) {
      root = d.replace(root, kInputLevels, [&](Node n) { return d.is_end(n) ? n : undecided; });
    }
    if (d.overflowed()) {
      d.rollback(undecided + 1);
      root = undecided;
    }
    const std::vector<Node> ends = d.ends(root);
    out.roots.push_back(root);
    out.proven.push_back(std::find(ends.begin(), ends.end(), undecided) == ends.end());
  }
  return out;
}

}  // namespace

Level level_of(Order order, std::size_t word, unsigned bit) {
  const unsigned from_top = kWordBits - 1 - bit;
  if (word < kPointerWord) {
    return (word == kArchWord ? 0 : kNumberLevel) + from_top;
  }
  const auto field = static_cast<Level>((word - kPointerWord) / 2);
  const bool upper = word % 2 != 0;
  const Level in_field = (upper ? 0 : kWordBits) + from_top;
  return kArgumentLevel +
         (order == Order::OneByOne ? field * kFieldBits + in_field : in_field * kFields + field);
}

InputBit bit_at(Order order, Level level) {
  if (level < kArgumentLevel) {
    return {level < kNumberLevel ? kArchWord : kNumberWord, kWordBits - 1 - level % kWordBits};
  }
  const Level behind = level - kArgumentLevel;
  const Level field = order == Order::OneByOne ? behind / kFieldBits : behind % kFields;
  const Level in_field = order == Order::OneByOne ? behind % kFieldBits : behind / kFields;
  const bool upper = in_field < kWordBits;
  return {kPointerWord + 2 * std::size_t{field} + (upper ? 1U : 0U),
          kWordBits - 1 - in_field % kWordBits};
}

Solution solve(std::span<const Program> programs, Answers answers, const Effort& effort) {
  Solution out = attempt(programs, answers, Order::OneByOne, effort);
  if (std::find(out.proven.begin(), out.proven.end(), false) != out.proven.end()) {
    out.diagram.reset();  // both would be too much
    out = attempt(programs, answers, Order::Interleaved, effort);
  }
  return out;
}

std::uint64_t answer_for(const Diagram& diagram, Order order, Node root, const Input& input) {
  const Node end = diagram.follow(root, [&](Level level) {
    const InputBit at = bit_at(order, level);
    return (input.at(at.word) >> at.bit & 1U) != 0;
  });
  return diagram.value(end);
}

}  // namespace boxtrace::bpf
