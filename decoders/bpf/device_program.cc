#include "decoders/bpf/device_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "decoders/bpf/conditions.h"
#include "decoders/bpf/diagram.h"
#include "tracer/base/text.h"

namespace boxtrace::bpf {
namespace {

constexpr Node kFalse = Diagram::kFalse;
constexpr Node kTrue = Diagram::kTrue;

// struct bpf_insn and its opcodes: linux/bpf.h, linux/bpf_common.h.
constexpr std::size_t kSlot = 8;
constexpr std::size_t kMostSlots = 4096;
constexpr std::size_t kRegisters = 11;
constexpr unsigned kRegisterBits = 64;
constexpr std::size_t kContextSize = 12;

struct Slot {
  std::uint8_t code = 0;
  std::uint8_t dst = 0;
  std::uint8_t src = 0;
  std::int16_t off = 0;
  std::int32_t imm = 0;
};

enum Class : std::uint8_t { kLoadX = 1, kAlu = 4, kJump = 5, kJump32 = 6, kAlu64 = 7 };
enum AluOp : std::uint8_t {
  kOr = 0x40,
  kAnd = 0x50,
  kShiftLeft = 0x60,
  kShiftRight = 0x70,
  kXor = 0xa0,
  kMove = 0xb0,
};
enum JumpOp : std::uint8_t {
  kAlways = 0x00,
  kEqual = 0x10,
  kGreater = 0x20,
  kGreaterEqual = 0x30,
  kSet = 0x40,
  kNotEqual = 0x50,
  kExit = 0x90,
  kLess = 0xa0,
  kLessEqual = 0xb0,
};
constexpr std::uint8_t kSourceBit = 0x08;
constexpr std::uint8_t kModeMask = 0xe0;
constexpr std::uint8_t kModeMemory = 0x60;

// The order of the input's bits: type, major, minor, access; the most significant bit first.
constexpr Level kMajorLevel = 16;
constexpr Level kMinorLevel = 48;
constexpr Level kAccessLevel = 80;
constexpr unsigned kHalf = 16;

/// The level of a bit of the context, counted from its first byte's lowest.
Level level_of_bit(std::size_t bit) {
  const auto in_word = static_cast<Level>(bit % kWordBits);
  switch (bit / kWordBits) {
    case 0:
      return in_word < kHalf ? kHalf - 1 - in_word : kAccessLevel + (2 * kHalf - 1 - in_word);
    case 1:
      return kMajorLevel + kWordBits - 1 - in_word;
    default:
      return kMinorLevel + kWordBits - 1 - in_word;
  }
}

using Bits = std::array<Node, kRegisterBits>;

struct Register {
  enum class Kind : std::uint8_t { Unset, Number, Context } kind = Kind::Unset;
  Bits bits{};
};

struct State {
  Node reach = kFalse;
  std::array<Register, kRegisters> registers;
};

Register number(std::uint64_t value) {
  Register out{Register::Kind::Number, {}};
  for (unsigned i = 0; i < kRegisterBits; ++i) {
    out.bits.at(i) = (value >> i & 1) != 0 ? kTrue : kFalse;
  }
  return out;
}

class Machine {
 public:
  Machine(Diagram& diagram, std::vector<Slot> slots) : d_(diagram), slots_(std::move(slots)) {}

  /// The condition under which the program permits.
  base::Result<Node> run() {
    states_.assign(slots_.size(), std::nullopt);
    State first{kTrue, {}};
    first.registers[1].kind = Register::Kind::Context;
    if (!slots_.empty()) {
      states_.front() = first;
    }
    for (pc_ = 0; pc_ < slots_.size() && !failed_; ++pc_) {
      if (states_[pc_] && states_[pc_]->reach != kFalse) {
        const State state = *states_[pc_];
        step(slots_[pc_], state);
      }
      states_[pc_].reset();
    }
    if (d_.overflowed()) {
      return base::Error{0, "it computes more than could be followed", {}};
    }
    if (failed_) {
      return *failed_;
    }
    return permitted_;
  }

 private:
  void fail(std::string_view why) {
    const Slot& slot = slots_[pc_];
    failed_ = base::Error{0,
                          fmt::format("instruction {} (code 0x{:02x}, off {}, imm {}) {}", pc_,
                                      slot.code, slot.off, slot.imm, why),
                          {}};
  }

  void step(const Slot& slot, State state) {
    if (slot.dst >= kRegisters || slot.src >= kRegisters) {
      return fail("names a register that there is not");
    }
    switch (slot.code & 7U) {
      case kLoadX:
        return load(slot, state);
      case kAlu:
      case kAlu64:
        return compute(slot, state);
      case kJump:
      case kJump32:
        return jump(slot, state);
      default:
        return fail("is not of the kind that device programs use");
    }
  }

  void load(const Slot& slot, State state) {
    constexpr std::array<std::size_t, 4> kSizes = {4, 2, 1, 8};
    const std::size_t size = kSizes.at(slot.code >> 3U & 3U);
    const auto offset = static_cast<std::size_t>(slot.off);
    if ((slot.code & kModeMask) != kModeMemory ||
        state.registers.at(slot.src).kind != Register::Kind::Context || slot.off < 0 || size == 8 ||
        offset % size != 0 || offset + size > kContextSize) {
      return fail("loads something else than the three words");
    }
    Register value = number(0);
    for (std::size_t i = 0; i < 8 * size; ++i) {
      value.bits.at(i) = d_.bit(level_of_bit(8 * offset + i));
    }
    state.registers.at(slot.dst) = value;
    arrive(pc_ + 1, state);
  }

  /// The second operand; Unset if it has no value that we know.
  [[nodiscard]] static Register operand(const Slot& slot, const State& state) {
    return (slot.code & kSourceBit) != 0
               ? state.registers.at(slot.src)
               : number(static_cast<std::uint64_t>(static_cast<std::int64_t>(slot.imm)));
  }

  void compute(const Slot& slot, State state) {
    const bool wide = (slot.code & 7U) == kAlu64;
    const unsigned op = slot.code & 0xf0U;
    const Register source = operand(slot, state);
    Register& target = state.registers.at(slot.dst);
    const bool copies_context = op == kMove && wide && source.kind == Register::Kind::Context;
    const bool numbers = source.kind == Register::Kind::Number &&
                         (op == kMove || target.kind == Register::Kind::Number);
    if (slot.off != 0 || (!numbers && !copies_context)) {
      return fail("computes with something else than numbers");
    }
    const unsigned width = wide ? kRegisterBits : kWordBits;
    Bits out = target.bits;
    if (op == kMove) {
      out = source.bits;
    } else if (op == kShiftLeft || op == kShiftRight) {
      if ((slot.code & kSourceBit) != 0 || slot.imm < 0 ||
          static_cast<unsigned>(slot.imm) >= width) {
        return fail("shifts by something else than a constant");
      }
      const auto count = static_cast<unsigned>(slot.imm);
      for (unsigned i = 0; i < width; ++i) {
        const unsigned from = op == kShiftLeft ? i - count : i + count;  // wraps beyond `width`
        out.at(i) = from < width ? target.bits.at(from) : kFalse;
      }
    } else if (op == kAnd || op == kOr || op == kXor) {
      for (unsigned i = 0; i < width; ++i) {
        const Node a = target.bits.at(i);
        const Node b = source.bits.at(i);
        out.at(i) = op == kAnd  ? d_.conjunction(a, b)
                    : op == kOr ? d_.disjunction(a, b)
                                : d_.exclusive(a, b);
      }
    } else {
      return fail("is arithmetic that device programs do not use");
    }
    std::fill(out.begin() + width, out.end(), kFalse);  // 32-bit operations clear the upper half
    target = {source.kind, out};
    arrive(pc_ + 1, state);
  }

  [[nodiscard]] Node compare(unsigned op, const Bits& a, const Bits& b, unsigned width) {
    Node equal = kTrue;
    Node greater = kFalse;
    Node common = kFalse;
    for (unsigned i = 0; i < width; ++i) {
      const Node differ = d_.exclusive(a.at(i), b.at(i));
      equal = d_.difference(equal, differ);
      greater = d_.choose(differ, a.at(i), greater);
      common = d_.disjunction(common, d_.conjunction(a.at(i), b.at(i)));
    }
    switch (op) {
      case kEqual:
        return equal;
      case kNotEqual:
        return d_.negation(equal);
      case kGreater:
        return greater;
      case kGreaterEqual:
        return d_.disjunction(greater, equal);
      case kLess:
        return d_.negation(d_.disjunction(greater, equal));
      case kLessEqual:
        return d_.negation(greater);
      default:
        return common;
    }
  }

  void jump(const Slot& slot, State state) {
    const bool wide = (slot.code & 7U) == kJump;
    const unsigned op = slot.code & 0xf0U;
    if (op == kExit && wide) {
      return leave(state);
    }
    const auto target = static_cast<std::size_t>(static_cast<std::int64_t>(pc_) + 1 + slot.off);
    if (slot.off < 0 || target >= slots_.size()) {
      return fail("jumps backwards or past the end");
    }
    if (op == kAlways && wide) {
      return arrive(target, state);
    }
    constexpr std::array kKnown = {kEqual,    kGreater, kGreaterEqual, kSet,
                                   kNotEqual, kLess,    kLessEqual};
    const Register left = state.registers.at(slot.dst);
    const Register right = operand(slot, state);
    if (std::find(kKnown.begin(), kKnown.end(), op) == kKnown.end() ||
        left.kind != Register::Kind::Number || right.kind != Register::Kind::Number) {
      return fail("compares in a way that device programs do not");
    }
    const Node taken = compare(op, left.bits, right.bits, wide ? kRegisterBits : kWordBits);
    State other = state;
    other.reach = d_.difference(state.reach, taken);
    state.reach = d_.conjunction(state.reach, taken);
    arrive(target, state);
    arrive(pc_ + 1, other);
  }

  void leave(const State& state) {
    const Register& result = state.registers[0];
    if (result.kind != Register::Kind::Number) {
      return fail("returns something else than a number");
    }
    Node any = kFalse;  // the kernel looks at 32 bits
    for (unsigned i = 0; i < kWordBits; ++i) {
      any = d_.disjunction(any, result.bits.at(i));
    }
    permitted_ = d_.disjunction(permitted_, d_.conjunction(state.reach, any));
  }

  void arrive(std::size_t pc, State state) {
    if (state.reach == kFalse) {
      return;
    }
    if (pc >= slots_.size()) {
      return fail("runs past the end");
    }
    std::optional<State>& there = states_[pc];
    if (!there) {
      there = state;
      return;
    }
    for (std::size_t r = 0; r < kRegisters; ++r) {
      Register& into = there->registers.at(r);
      const Register& from = state.registers.at(r);
      if (into.kind != from.kind) {
        into.kind = Register::Kind::Unset;
        continue;
      }
      for (unsigned i = 0; i < kRegisterBits; ++i) {
        into.bits.at(i) = d_.choose(state.reach, from.bits.at(i), into.bits.at(i));
      }
    }
    there->reach = d_.disjunction(there->reach, state.reach);
  }

  Diagram& d_;
  std::vector<Slot> slots_;
  std::vector<std::optional<State>> states_;
  std::size_t pc_ = 0;
  Node permitted_ = kFalse;
  std::optional<base::Error> failed_;
};

std::vector<Slot> parse_slots(base::ByteView bytes) {
  std::vector<Slot> slots;
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
  for (std::size_t i = 0; i + kSlot <= bytes.size(); i += kSlot) {
    const std::uint32_t imm = at(i + 4) | at(i + 5) << 8 | at(i + 6) << 16 | at(i + 7) << 24;
    slots.push_back({static_cast<std::uint8_t>(at(i)), static_cast<std::uint8_t>(at(i + 1) & 15U),
                     static_cast<std::uint8_t>(at(i + 1) >> 4U),
                     static_cast<std::int16_t>(at(i + 2) | at(i + 3) << 8),
                     static_cast<std::int32_t>(imm)});
  }
  return slots;
}

/// What `condition`, which is about the access alone, permits.
std::uint8_t permitted_by(const Diagram& d, Node condition) {
  unsigned out = 0;
  for (std::size_t i = 0; i < kDeviceAccesses.size(); ++i) {
    const Node end = d.follow(condition, [&](Level level) {
      const unsigned bit = kHalf - 1 - (level - kAccessLevel);
      return (unsigned{kDeviceAccesses.at(i)} >> bit & 1U) != 0;
    });
    out |= end == kTrue ? 1U << i : 0U;
  }
  return static_cast<std::uint8_t>(out);
}

/// What most numbers of the pieces come to, by `measure`.
template <typename Measure>
auto most_of(const std::vector<Piece>& pieces, Measure measure) {
  std::map<decltype(measure(kFalse)), std::uint64_t> covered;
  for (const Piece& piece : pieces) {
    covered[measure(piece.function)] += piece.range.last - piece.range.first + 1;
  }
  return std::max_element(covered.begin(), covered.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

/// The rules of one type; false if there are too many.
bool read_type(const Diagram& d, Node root, char type, DevicePolicy& out) {
  constexpr std::size_t kMost = 1024;
  const auto majors = split_word(d, root, kMajorLevel, kMost);
  if (!majors) {
    return false;
  }
  const auto add = [&](const Range& major, const Range& minor, std::uint8_t permitted,
                       std::uint8_t general) {
    // Neighbours with different functions may still permit the same.
    if (permitted != general) {
      out.push_back({type, major, minor, permitted});
    }
  };
  bool readable = true;
  const auto usual = [&](Node function) -> std::uint8_t {
    const auto minors = split_word(d, function, kMinorLevel, kMost);
    readable = readable && minors;
    return minors ? most_of(*minors, [&](Node n) { return permitted_by(d, n); }) : std::uint8_t{0};
  };
  const std::uint8_t general = most_of(*majors, usual);
  add(kAnyDevice, kAnyDevice, general, 0);
  for (const Piece& major : *majors) {
    const auto minors = split_word(d, major.function, kMinorLevel, kMost);
    if (!minors || out.size() > kMost) {
      return false;
    }
    const std::uint8_t here = usual(major.function);
    add(major.range, kAnyDevice, here, general);
    for (const Piece& minor : *minors) {
      add(major.range, minor.range, permitted_by(d, minor.function), here);
    }
  }
  return readable;
}

std::string render_number(const Range& range) {
  if (range == kAnyDevice) {
    return "*";
  }
  return range.first == range.last ? std::to_string(range.first)
                                   : fmt::format("{}-{}", range.first, range.last);
}

std::string letters(unsigned access) {
  return std::string((access & kDeviceRead) != 0 ? "r" : "") +
         ((access & kDeviceWrite) != 0 ? "w" : "") + ((access & kDeviceMake) != 0 ? "m" : "");
}

/// Everything that can be asked for within `access`.
std::uint8_t parts_of(unsigned access) {
  unsigned out = 0;
  for (std::size_t i = 0; i < kDeviceAccesses.size(); ++i) {
    out |= (kDeviceAccesses.at(i) & ~access) == 0 ? 1U << i : 0U;
  }
  return static_cast<std::uint8_t>(out);
}

std::string render_access(std::uint8_t permitted) {
  for (unsigned all = 1; all < 8; ++all) {
    if (permitted == parts_of(all)) {
      return letters(all);
    }
  }
  std::vector<std::string> combinations;
  for (std::size_t i = 0; i < kDeviceAccesses.size(); ++i) {
    if ((unsigned{permitted} >> i & 1U) != 0) {
      combinations.push_back(letters(kDeviceAccesses.at(i)));
    }
  }
  return combinations.empty() ? "none" : base::join(combinations, "|");
}

}  // namespace

base::Result<DevicePolicy> read_device_program(base::ByteView bytes) {
  constexpr std::size_t kNodes = 500'000;
  constexpr std::uint64_t kSteps = 1'000'000;
  if (bytes.empty() || bytes.size() % kSlot != 0 || bytes.size() > kMostSlots * kSlot) {
    return base::Error{0, fmt::format("{} bytes are no device program", bytes.size()), {}};
  }
  Diagram diagram(kNodes);
  diagram.set_limits(kNodes, kSteps);
  TRY(const Node permitted, Machine(diagram, parse_slots(bytes)).run());
  DevicePolicy policy;
  const Range types = {1, 2};  // BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_DEV_CHAR
  for (std::uint64_t type = types.first; type <= types.last; ++type) {
    Node root = permitted;
    while (diagram.level(root) < kMajorLevel) {
      root = (type >> (kHalf - 1 - diagram.level(root)) & 1) != 0 ? diagram.high(root)
                                                                  : diagram.low(root);
    }
    if (!read_type(diagram, root, type == 1 ? 'b' : 'c', policy)) {
      return base::Error{0, "it has more rules than could be read", {}};
    }
  }
  if (policy.size() == 2 && policy[0].permitted == policy[1].permitted &&
      policy[0].major == policy[1].major && policy[0].minor == policy[1].minor &&
      policy[0].type != policy[1].type) {
    policy.pop_back();
    policy.front().type = 'a';
  }
  return policy;
}

std::string render_device_rule(const DeviceRule& rule) {
  return fmt::format("{} {}:{} {}", rule.type, render_number(rule.major), render_number(rule.minor),
                     render_access(rule.permitted));
}

}  // namespace boxtrace::bpf
