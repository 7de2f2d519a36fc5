#include "tracer/ptrace/return_programs.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include <array>
#include <string_view>
#include <utility>

#include "tracer/base/check.h"

namespace boxtrace::ptrace {
namespace {

using Register = std::uint8_t;

// Callees keep 6 to 9. What they are for us:
constexpr Register kContext = BPF_REG_6;
constexpr Register kSlot = BPF_REG_7;
constexpr Register kAccumulator = BPF_REG_8;
constexpr Register kShape = BPF_REG_9;

// Below the frame pointer. The kernel's struct pt_regs of x86-64 begins like user_regs_struct, up
// to the stack pointer.
constexpr std::size_t kRegistersSize = offsetof(user_regs_struct, rsp) + 8;
constexpr std::int16_t kKey = -8;
constexpr std::int16_t kMask = -16;
constexpr std::int16_t kCall = kMask - static_cast<std::int16_t>(sizeof(seccomp_data));
constexpr std::int16_t kRegisters = kCall - static_cast<std::int16_t>(kRegistersSize);

// Up to four bytes of text as the number that they are in memory.
constexpr std::int32_t four(std::string_view text) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    number |= static_cast<std::uint32_t>(text[i]) << 8 * i;
  }
  return static_cast<std::int32_t>(number);
}

constexpr std::uint64_t kCodeOf64Bit = 0x33;  // arch/x86/include/asm/segment.h: __USER_CS

constexpr std::int16_t in_slot(std::size_t offset) { return static_cast<std::int16_t>(offset); }
constexpr std::int16_t in_call(std::size_t offset) {
  return static_cast<std::int16_t>(kCall + static_cast<std::int16_t>(offset));
}
constexpr std::int16_t in_registers(std::size_t offset) {
  return static_cast<std::int16_t>(kRegisters + static_cast<std::int16_t>(offset));
}

constexpr int kAddNumber = BPF_ALU64;  // BPF_ADD and BPF_K are 0
constexpr int kLoadAddress = BPF_DW;   // BPF_LD and BPF_IMM are 0

/// Instructions, and jumps to places that are not written yet.
class Assembler {
 public:
  using Label = std::size_t;

  Label make_label() {
    places_.push_back(0);
    return places_.size() - 1;
  }
  void place(Label label) { places_[label] = code_.size(); }

  void add(int opcode, Register to, Register from, std::int16_t offset, std::int32_t number) {
    bpf_insn made{};
    made.code = static_cast<std::uint8_t>(opcode);
    made.dst_reg = static_cast<std::uint8_t>(to & 0xfU);
    made.src_reg = static_cast<std::uint8_t>(from & 0xfU);
    made.off = offset;
    made.imm = number;
    code_.push_back(made);
  }
  void move(Register to, Register from) { add(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0); }
  void set(Register to, std::int32_t number) { add(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, number); }
  void point_to_stack(Register to, std::int16_t offset) {
    move(to, BPF_REG_10);
    add(kAddNumber, to, 0, 0, offset);
  }
  void load(int size, Register to, Register base, std::int16_t offset) {
    add(BPF_LDX | BPF_MEM | size, to, base, offset, 0);
  }
  void store(int size, Register base, std::int16_t offset, Register from) {
    add(BPF_STX | BPF_MEM | size, base, from, offset, 0);
  }
  void store_number(int size, Register base, std::int16_t offset, std::int32_t number) {
    add(BPF_ST | BPF_MEM | size, base, 0, offset, number);
  }
  void point_to_map(Register to, int map) {
    add(kLoadAddress, to, BPF_PSEUDO_MAP_FD, 0, map);
    add(0, 0, 0, 0, 0);
  }
  void call(bpf_func_id helper) { add(BPF_JMP | BPF_CALL, 0, 0, 0, helper); }
  void exit() {
    set(BPF_REG_0, 0);
    add(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
  }
  /// `condition`: a class and an operation of jumps, with BPF_K.
  void jump_if(int condition, Register left, std::int32_t right, Label target) {
    jumps_.emplace_back(code_.size(), target);
    add(condition, left, 0, 0, right);
  }
  void jump_if_equal(Register left, Register right, Label target) {
    jumps_.emplace_back(code_.size(), target);
    add(BPF_JMP | BPF_JEQ | BPF_X, left, right, 0, 0);
  }
  void jump(Label target) { jump_if(BPF_JMP | BPF_JA, 0, 0, target); }
  /// Adds one to a number of 64 bits.
  void count(Register base, std::int16_t offset) {
    load(BPF_DW, BPF_REG_1, base, offset);
    add(kAddNumber, BPF_REG_1, 0, 0, 1);
    store(BPF_DW, base, offset, BPF_REG_1);
  }

  [[nodiscard]] std::vector<bpf_insn> take() {
    for (const auto& [at, target] : jumps_) {
      const std::size_t distance = places_[target] - at - 1;
      BT_CHECK(distance <= INT16_MAX, "a jump is too far, or backwards");
      code_[at].off = static_cast<std::int16_t>(distance);
    }
    return std::move(code_);
  }

 private:
  std::vector<bpf_insn> code_;
  std::vector<std::size_t> places_;
  std::vector<std::pair<std::size_t, Label>> jumps_;
};

constexpr int kIfEqual = BPF_JMP | BPF_JEQ | BPF_K;
constexpr int kIfDifferent = BPF_JMP | BPF_JNE | BPF_K;

/// Looks the key on the stack up; on to `otherwise` if it is not in the map.
void add_lookup(Assembler& code, int map, Assembler::Label otherwise) {
  code.point_to_map(BPF_REG_1, map);
  code.point_to_stack(BPF_REG_2, kKey);
  code.call(BPF_FUNC_map_lookup_elem);
  code.jump_if(kIfEqual, BPF_REG_0, 0, otherwise);
}

/// Finds the slot of the task that runs.
void add_beginning(Assembler& code, const ReturnMaps& maps, Assembler::Label end) {
  code.move(kContext, BPF_REG_1);
  code.call(BPF_FUNC_get_current_pid_tgid);
  code.store(BPF_W, BPF_REG_10, kKey, BPF_REG_0);
  add_lookup(code, maps.slot_of, end);
  code.load(BPF_W, BPF_REG_1, BPF_REG_0, 0);
  code.store(BPF_W, BPF_REG_10, kKey, BPF_REG_1);
  add_lookup(code, maps.slots, end);
  code.move(kSlot, BPF_REG_0);
}

// The registers of the call's arguments, in their order.
constexpr std::array kArguments = {offsetof(user_regs_struct, rdi), offsetof(user_regs_struct, rsi),
                                   offsetof(user_regs_struct, rdx), offsetof(user_regs_struct, r10),
                                   offsetof(user_regs_struct, r8),  offsetof(user_regs_struct, r9)};

/// Makes a seccomp_data on the stack. The context begins with the address of the registers.
void add_call_data(Assembler& code, Assembler::Label end) {
  code.point_to_stack(BPF_REG_1, kRegisters);
  code.set(BPF_REG_2, kRegistersSize);
  code.load(BPF_DW, BPF_REG_3, kContext, 0);
  code.call(BPF_FUNC_probe_read_kernel);
  code.jump_if(kIfDifferent, BPF_REG_0, 0, end);
  code.load(BPF_DW, BPF_REG_1, BPF_REG_10, in_registers(offsetof(user_regs_struct, cs)));
  code.jump_if(kIfDifferent, BPF_REG_1, kCodeOf64Bit, end);

  const auto copy = [&code](std::size_t from, std::size_t to) {
    code.load(BPF_DW, BPF_REG_1, BPF_REG_10, in_registers(from));
    code.store(BPF_DW, BPF_REG_10, in_call(to), BPF_REG_1);
  };
  code.load(BPF_DW, BPF_REG_1, BPF_REG_10, in_registers(offsetof(user_regs_struct, orig_rax)));
  code.store(BPF_W, BPF_REG_10, in_call(offsetof(seccomp_data, nr)), BPF_REG_1);
  code.store_number(BPF_W, BPF_REG_10, in_call(offsetof(seccomp_data, arch)),
                    static_cast<std::int32_t>(AUDIT_ARCH_X86_64));
  copy(offsetof(user_regs_struct, rip), offsetof(seccomp_data, instruction_pointer));
  for (std::size_t i = 0; i < kArguments.size(); ++i) {
    copy(kArguments.at(i), offsetof(seccomp_data, args) + 8 * i);
  }
}

/// Writes the call on the stack down in the slot.
void add_note_of_call(Assembler& code) {
  const auto copy = [&code](int size, std::size_t from, std::size_t to) {
    code.load(size, BPF_REG_1, BPF_REG_10, in_call(from));
    code.store(BPF_DW, kSlot, in_slot(to), BPF_REG_1);
  };
  copy(BPF_W, offsetof(seccomp_data, nr), offsetof(ReturnSlot, nr));
  copy(BPF_DW, offsetof(seccomp_data, instruction_pointer),
       offsetof(ReturnSlot, instruction_pointer));
  for (std::size_t i = 0; i < kArguments.size(); ++i) {
    copy(BPF_DW, offsetof(seccomp_data, args) + 8 * i, offsetof(ReturnSlot, args) + 8 * i);
  }
  code.load(BPF_DW, BPF_REG_1, BPF_REG_10, in_registers(offsetof(user_regs_struct, rsp)));
  code.store(BPF_DW, kSlot, in_slot(offsetof(ReturnSlot, stack_pointer)), BPF_REG_1);
  code.call(BPF_FUNC_ktime_get_ns);
  code.store(BPF_DW, kSlot, in_slot(offsetof(ReturnSlot, entered)), BPF_REG_0);
}

/// Notes what rt_sigprocmask(HOW, SET) would do to the signal. Source: kernel/signal.c.
void add_mask_change(Assembler& code) {
  const Assembler::Label done = code.make_label();
  const Assembler::Label notes = code.make_label();
  const Assembler::Label unblocks = code.make_label();
  code.load(BPF_W, BPF_REG_1, BPF_REG_10, in_call(offsetof(seccomp_data, nr)));
  code.jump_if(kIfDifferent, BPF_REG_1, SYS_rt_sigprocmask, done);
  code.point_to_stack(BPF_REG_1, kMask);
  code.set(BPF_REG_2, 8);
  code.load(BPF_DW, BPF_REG_3, BPF_REG_10, in_call(offsetof(seccomp_data, args) + 8));
  code.call(BPF_FUNC_probe_read_user);
  code.jump_if(kIfDifferent, BPF_REG_0, 0, done);  // a null pointer only asks
  code.load(BPF_DW, BPF_REG_1, BPF_REG_10, kMask);
  code.add(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_1, 0, 0, kReturnSignal - 1);
  code.add(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, 1);
  code.load(BPF_W, BPF_REG_2, BPF_REG_10, in_call(offsetof(seccomp_data, args)));
  code.jump_if(kIfEqual, BPF_REG_2, SIG_SETMASK, notes);
  code.jump_if(kIfEqual, BPF_REG_1, 0, done);
  code.jump_if(kIfEqual, BPF_REG_2, SIG_BLOCK, notes);
  code.jump_if(kIfEqual, BPF_REG_2, SIG_UNBLOCK, unblocks);
  code.jump(done);
  code.place(unblocks);
  code.set(BPF_REG_1, 0);
  code.place(notes);
  code.store(BPF_B, kSlot, in_slot(offsetof(ReturnSlot, will_be_blocked)), BPF_REG_1);
  code.store_number(BPF_B, kSlot, in_slot(offsetof(ReturnSlot, changes_mask)), 1);
  code.place(done);
}

/// The filter's own instructions. The accumulator and the constants have 32 bits, as jumps of
/// BPF_JMP32 have.
void add_filter(Assembler& code, std::span<const sock_filter> filter, Assembler::Label chosen,
                Assembler::Label other) {
  std::vector<Assembler::Label> places;
  for (std::size_t i = 0; i < filter.size(); ++i) {
    places.push_back(code.make_label());
  }
  std::vector<bool> is_reached(filter.size());  // the kernel refuses what nothing leads to
  is_reached.at(0) = true;
  for (std::size_t i = 0; i < filter.size(); ++i) {
    if (!is_reached[i]) {
      continue;
    }
    const auto go_to = [&](std::size_t next) {
      is_reached.at(next) = true;
      return places[next];
    };
    const sock_filter& from = filter[i];
    const auto number = static_cast<std::int32_t>(from.k);
    code.place(places[i]);
    switch (from.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        code.load(BPF_W, kAccumulator, BPF_REG_10, in_call(from.k));
        is_reached.at(i + 1) = true;
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        code.add(BPF_ALU | BPF_AND | BPF_K, kAccumulator, 0, 0, number);
        is_reached.at(i + 1) = true;
        break;
      case BPF_JMP | BPF_JA:
        code.jump(go_to(i + 1 + from.k));
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
      case BPF_JMP | BPF_JGE | BPF_K:
      case BPF_JMP | BPF_JSET | BPF_K:
        code.jump_if(BPF_JMP32 | BPF_OP(from.code) | BPF_K, kAccumulator, number,
                     go_to(i + 1 + from.jt));
        code.jump(go_to(i + 1 + from.jf));
        break;
      case BPF_RET | BPF_K:
        code.jump((from.k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ALLOW ? other : chosen);
        break;
      default:
        BT_CHECK(false, "our filter has an instruction that is not translated");
    }
  }
}

/// Loads the argument of the slot's call that a member of the shape names; on to `without` if it
/// names none.
void add_argument(Assembler& code, Register to, std::size_t member, Assembler::Label without) {
  code.load(BPF_B, to, kShape, in_slot(member));
  code.jump_if(BPF_JMP | BPF_JGE | BPF_K, to, static_cast<std::int32_t>(kArguments.size()),
               without);
  code.add(BPF_ALU64 | BPF_LSH | BPF_K, to, 0, 0, 3);
  code.add(BPF_ALU64 | BPF_ADD | BPF_X, to, kSlot, 0, 0);
  code.load(BPF_DW, to, to, in_slot(offsetof(ReturnSlot, args)));
}

/// On to `otherwise` if the path may lead to a descriptor of the task; see fd_in_path().
void add_look_at_path(Assembler& code, Register record, Assembler::Label otherwise) {
  const Assembler::Label is_in_proc = code.make_label();
  const Assembler::Label done = code.make_label();
  const auto at = [](std::size_t place) { return in_slot(offsetof(PassedRecord, path) + place); };
  const auto is_digit = [&code, record](std::int16_t place, Assembler::Label target) {
    code.load(BPF_B, BPF_REG_1, record, place);
    code.add(BPF_ALU | BPF_SUB | BPF_K, BPF_REG_1, 0, 0, '0');
    code.jump_if(BPF_JMP32 | BPF_JLT | BPF_K, BPF_REG_1, 10, target);
  };
  code.load(BPF_W, BPF_REG_1, record, at(0));
  code.jump_if(BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_1, four("/dev"), otherwise);
  code.jump_if(BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_1, four("/pro"), is_in_proc);
  for (const std::string_view relative : {"self", "thre"}) {
    code.jump_if(BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_1, four(relative), otherwise);
  }
  is_digit(at(0), otherwise);
  code.jump(done);
  code.place(is_in_proc);
  is_digit(at(6), otherwise);
  code.load(BPF_W, BPF_REG_1, record, at(6));
  code.jump_if(BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_1, four("thre"), otherwise);
  code.jump_if(BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_1, four("self"), done);
  code.load(BPF_B, BPF_REG_1, record, at(11));
  for (const char first : {'f', 't'}) {  // fd, task
    code.jump_if(kIfEqual, BPF_REG_1, first, otherwise);
  }
  code.place(done);
}

/// Lets the call that is in the slot with its result pass, which ends the program; on to `stops` if
/// it cannot.
void add_passing(Assembler& code, const ReturnMaps& maps, Assembler::Label stops) {
  const Assembler::Label any_number = code.make_label();
  const Assembler::Label any_result = code.make_label();
  const Assembler::Label any_operation = code.make_label();
  const Assembler::Label any_directory = code.make_label();
  const Assembler::Label any_pointer = code.make_label();
  const Assembler::Label has_no_path = code.make_label();
  const Assembler::Label submits = code.make_label();
  const Assembler::Label discards = code.make_label();
  code.load(BPF_DW, BPF_REG_1, kSlot, in_slot(offsetof(ReturnSlot, nr)));
  // A task that its filter kills, or traps, has the number of the call as result.
  code.jump_if_equal(BPF_REG_1, kAccumulator, stops);
  code.store(BPF_W, BPF_REG_10, kKey, BPF_REG_1);
  code.load(BPF_DW, BPF_REG_2, kSlot, in_slot(offsetof(ReturnSlot, unobserved)));
  code.jump_if(kIfEqual, BPF_REG_2, 0, any_number);
  code.add(kAddNumber, BPF_REG_1, 0, 0, 1);
  code.jump_if_equal(BPF_REG_1, BPF_REG_2, any_number);
  code.jump(stops);
  code.place(any_number);
  add_lookup(code, maps.passing, stops);
  code.move(kShape, BPF_REG_0);
  code.load(BPF_B, BPF_REG_1, kShape, in_slot(offsetof(PassingShape, passes)));
  code.jump_if(kIfEqual, BPF_REG_1, 0, stops);
  code.load(BPF_B, BPF_REG_1, kShape, in_slot(offsetof(PassingShape, only_failed)));
  code.jump_if(kIfEqual, BPF_REG_1, 0, any_result);
  code.jump_if(BPF_JMP | BPF_JSGE | BPF_K, kAccumulator, 0, stops);
  code.place(any_result);
  code.load(BPF_B, BPF_REG_1, kShape, in_slot(offsetof(PassingShape, operations)));
  code.jump_if(kIfEqual, BPF_REG_1, 0, any_operation);
  code.load(BPF_DW, BPF_REG_2, kSlot, in_slot(offsetof(ReturnSlot, args)));
  code.jump_if_equal(BPF_REG_1, BPF_REG_2, any_operation);
  code.load(BPF_B, BPF_REG_1, kShape, in_slot(offsetof(PassingShape, operations) + 1));
  code.jump_if_equal(BPF_REG_1, BPF_REG_2, any_operation);
  code.jump(stops);
  code.place(any_operation);
  add_argument(code, BPF_REG_1, offsetof(PassingShape, directory), any_directory);
  code.jump_if(BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_1, AT_FDCWD, stops);
  code.place(any_directory);
  add_argument(code, BPF_REG_1, offsetof(PassingShape, null), any_pointer);
  code.jump_if(kIfDifferent, BPF_REG_1, 0, stops);
  code.place(any_pointer);

  code.point_to_map(BPF_REG_1, maps.passed);
  code.set(BPF_REG_2, sizeof(PassedRecord));
  code.set(BPF_REG_3, 0);
  code.call(BPF_FUNC_ringbuf_reserve);
  code.jump_if(kIfEqual, BPF_REG_0, 0, stops);
  const Register record = kAccumulator;
  code.move(record, BPF_REG_0);
  code.move(BPF_REG_1, record);
  code.set(BPF_REG_2, sizeof(ReturnSlot));
  code.move(BPF_REG_3, kSlot);
  code.call(BPF_FUNC_probe_read_kernel);
  code.jump_if(kIfDifferent, BPF_REG_0, 0, discards);
  code.call(BPF_FUNC_get_current_pid_tgid);
  code.store(BPF_W, record, in_slot(offsetof(PassedRecord, tid)), BPF_REG_0);
  code.set(BPF_REG_0, 0);
  add_argument(code, BPF_REG_3, offsetof(PassingShape, path), has_no_path);
  code.move(BPF_REG_1, record);
  code.add(kAddNumber, BPF_REG_1, 0, 0, offsetof(PassedRecord, path));
  code.set(BPF_REG_2, sizeof(PassedRecord::path));
  code.call(BPF_FUNC_probe_read_user_str);
  code.jump_if(BPF_JMP | BPF_JSLE | BPF_K, BPF_REG_0, 0, discards);
  code.jump_if(kIfEqual, BPF_REG_0, sizeof(PassedRecord::path), discards);  // there may be more
  add_look_at_path(code, record, discards);
  code.place(has_no_path);
  code.store(BPF_W, record, in_slot(offsetof(PassedRecord, path_size)), BPF_REG_0);
  code.load(BPF_B, BPF_REG_1, kShape, in_slot(offsetof(PassingShape, changes_status)));
  code.jump_if(kIfEqual, BPF_REG_1, 0, submits);
  code.load(BPF_DW, BPF_REG_1, kSlot, in_slot(offsetof(ReturnSlot, nr)));
  code.add(kAddNumber, BPF_REG_1, 0, 0, 1);
  code.store(BPF_DW, kSlot, in_slot(offsetof(ReturnSlot, unobserved)), BPF_REG_1);
  code.place(submits);
  code.move(BPF_REG_1, record);
  code.set(BPF_REG_2, BPF_RB_NO_WAKEUP);
  code.call(BPF_FUNC_ringbuf_submit);
  code.exit();
  code.place(discards);
  code.move(BPF_REG_1, record);
  code.set(BPF_REG_2, BPF_RB_NO_WAKEUP);
  code.call(BPF_FUNC_ringbuf_discard);
  code.jump(stops);
}

std::vector<bpf_insn> make_entry_program(std::span<const sock_filter> filter,
                                         std::span<const sock_filter> light,
                                         const ReturnMaps& maps) {
  Assembler code;
  const Assembler::Label end = code.make_label();
  const Assembler::Label chosen = code.make_label();
  add_beginning(code, maps, end);
  code.store_number(BPF_B, kSlot, in_slot(offsetof(ReturnSlot, has_entered)), 1);
  code.store_number(BPF_B, kSlot, in_slot(offsetof(ReturnSlot, is_in_call)), 0);
  code.store_number(BPF_B, kSlot, in_slot(offsetof(ReturnSlot, changes_mask)), 0);
  add_call_data(code, end);
  add_mask_change(code);
  const Assembler::Label is_light = code.make_label();
  code.load(BPF_B, BPF_REG_1, kSlot, in_slot(offsetof(ReturnSlot, is_light)));
  code.jump_if(kIfDifferent, BPF_REG_1, 0, is_light);
  add_filter(code, filter, chosen, end);
  code.place(is_light);
  add_filter(code, light, chosen, end);
  code.place(chosen);
  add_note_of_call(code);
  code.store_number(BPF_B, kSlot, in_slot(offsetof(ReturnSlot, is_in_call)), 1);
  code.place(end);
  code.exit();
  return code.take();
}

/// On to `goes_on` if the call that returns was entered; to `denied` if a filter has answered it.
void add_question_of_entry(Assembler& code, Assembler::Label goes_on, Assembler::Label denied,
                           Assembler::Label end) {
  const auto entered = in_slot(offsetof(ReturnSlot, has_entered));
  const auto settled = in_slot(offsetof(ReturnSlot, is_settled));
  code.load(BPF_B, BPF_REG_1, kSlot, entered);
  code.store_number(BPF_B, kSlot, entered, 0);
  code.load(BPF_B, BPF_REG_2, kSlot, settled);
  code.store_number(BPF_B, kSlot, settled, 1);
  code.jump_if(kIfDifferent, BPF_REG_1, 0, goes_on);
  code.jump_if(kIfDifferent, BPF_REG_2, 0, denied);
  code.jump(end);
}

std::vector<bpf_insn> make_return_program(const ReturnMaps& maps) {
  Assembler code;
  const Assembler::Label end = code.make_label();
  const Assembler::Label denied = code.make_label();
  const Assembler::Label entered = code.make_label();
  const Assembler::Label same_mask = code.make_label();
  const Assembler::Label reports = code.make_label();
  const Assembler::Label stops = code.make_label();
  const Assembler::Label is_born = code.make_label();
  const Assembler::Label unseen = code.make_label();
  add_beginning(code, maps, end);
  code.load(BPF_DW, kAccumulator, kContext, 8);  // the result
  add_question_of_entry(code, entered, denied, end);
  code.place(denied);
  add_call_data(code, end);
  add_note_of_call(code);
  code.jump(reports);

  code.place(entered);
  code.load(BPF_B, BPF_REG_1, kSlot, in_slot(offsetof(ReturnSlot, changes_mask)));
  code.jump_if(kIfEqual, BPF_REG_1, 0, same_mask);
  code.store_number(BPF_B, kSlot, in_slot(offsetof(ReturnSlot, changes_mask)), 0);
  code.jump_if(kIfDifferent, kAccumulator, 0, same_mask);
  code.load(BPF_B, BPF_REG_1, kSlot, in_slot(offsetof(ReturnSlot, will_be_blocked)));
  code.store(BPF_B, kSlot, in_slot(offsetof(ReturnSlot, is_blocked)), BPF_REG_1);
  code.place(same_mask);

  code.load(BPF_B, BPF_REG_1, kSlot, in_slot(offsetof(ReturnSlot, is_in_call)));
  code.jump_if(kIfEqual, BPF_REG_1, 0, end);
  code.store_number(BPF_B, kSlot, in_slot(offsetof(ReturnSlot, is_in_call)), 0);
  // Births and execs that succeed are events of their own. The memory of an exec's arguments is
  // gone, and Go blocks all signals during a birth.
  code.jump_if(BPF_JMP | BPF_JSLT | BPF_K, kAccumulator, 0, reports);
  code.load(BPF_DW, BPF_REG_1, kSlot, in_slot(offsetof(ReturnSlot, nr)));
  for (const int nr : {SYS_execve, SYS_execveat}) {
    code.jump_if(kIfEqual, BPF_REG_1, nr, end);
  }
  for (const int nr : {SYS_clone, SYS_clone3, SYS_fork, SYS_vfork}) {
    code.jump_if(kIfEqual, BPF_REG_1, nr, is_born);
  }
  code.place(reports);
  code.store(BPF_DW, kSlot, in_slot(offsetof(ReturnSlot, result)), kAccumulator);
  code.call(BPF_FUNC_ktime_get_ns);
  code.store(BPF_DW, kSlot, in_slot(offsetof(ReturnSlot, returned)), BPF_REG_0);
  add_passing(code, maps, stops);
  code.place(stops);
  code.load(BPF_B, BPF_REG_1, kSlot, in_slot(offsetof(ReturnSlot, is_blocked)));
  code.jump_if(kIfDifferent, BPF_REG_1, 0, unseen);
  code.set(BPF_REG_1, kReturnSignal);
  code.call(BPF_FUNC_send_signal_thread);
  code.jump_if(kIfDifferent, BPF_REG_0, 0, unseen);
  code.count(kSlot, in_slot(offsetof(ReturnSlot, returns)));
  code.jump(end);
  code.place(is_born);
  code.count(kSlot, in_slot(offsetof(ReturnSlot, births)));
  code.jump(end);
  code.place(unseen);
  code.count(kSlot, in_slot(offsetof(ReturnSlot, unseen)));
  code.place(end);
  code.exit();
  return code.take();
}

}  // namespace

ReturnPrograms make_return_programs(std::span<const sock_filter> filter,
                                    std::span<const sock_filter> light, const ReturnMaps& maps) {
  return {make_entry_program(filter, light, maps), make_return_program(maps)};
}

}  // namespace boxtrace::ptrace
