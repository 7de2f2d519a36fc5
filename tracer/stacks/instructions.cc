#include "tracer/stacks/instructions.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "tracer/base/check.h"
#include "tracer/stacks/capstone.h"

namespace boxtrace::stacks {
namespace {

constexpr std::uint64_t kVsyscallPage = 0xffffffffff600000;
constexpr std::uint64_t kPageSize = 4096;
constexpr std::size_t kShortestCall = 2;  // call rax
constexpr std::size_t kLongestCall = 8;   // a prefix, and a 32-bit displacement with SIB
constexpr std::size_t kEntrySize = 2;     // syscall, int 0x80, sysenter

bool ends_with(base::ByteView bytes, std::string_view suffix) {
  return base::as_chars(bytes).ends_with(suffix);
}

/// One decoded instruction; capstone's, with its details.
class Decoded {
 public:
  Decoded(csh engine, base::ByteView code, std::uint64_t at) {
    count_ = capstone().disasm(engine, reinterpret_cast<const std::uint8_t*>(code.data()),
                               code.size(), at, 1, &instruction_);
  }
  ~Decoded() { capstone().free(instruction_, count_); }
  Decoded(const Decoded&) = delete;
  Decoded& operator=(const Decoded&) = delete;
  Decoded(Decoded&&) = delete;
  Decoded& operator=(Decoded&&) = delete;

  explicit operator bool() const { return count_ == 1; }
  const cs_insn& operator*() const { return *instruction_; }
  const cs_insn* operator->() const { return instruction_; }
  [[nodiscard]] const cs_x86& x86() const { return instruction_->detail->x86; }

 private:
  cs_insn* instruction_ = nullptr;
  std::size_t count_ = 0;
};

bool is_call(csh engine, const Decoded& one) {
  return capstone().insn_group(engine, &*one, CS_GRP_CALL);
}

Instruction to_instruction(const Decoded& one) {
  Instruction out;
  out.address = one->address;
  const base::ByteView bytes = std::as_bytes(std::span{one->bytes}).first(one->size);
  out.bytes.assign(bytes.begin(), bytes.end());
  out.text = static_cast<const char*>(one->mnemonic);
  if (one->op_str[0] != '\0') {
    out.text += std::string(" ") + static_cast<const char*>(one->op_str);
  }
  return out;
}

/// Instructions from `at` on that end exactly at `end`; empty when they do not.
std::vector<Instruction> read_up_to(csh engine, base::ByteView code, std::uint64_t at,
                                    std::uint64_t end) {
  std::vector<Instruction> list;
  while (at < end) {
    const Decoded one(engine, code, at);
    if (!one || at + one->size > end) {
      return {};
    }
    list.push_back(to_instruction(one));
    at += one->size;
    code = code.subspan(one->size);
  }
  return list;
}

}  // namespace

struct Disassembler::Engines {
  Engines() {
    const std::array<std::pair<csh*, cs_mode>, 2> both = {
        {{&wide, CS_MODE_64}, {&narrow, CS_MODE_32}}};
    for (const auto& [engine, mode] : both) {
      BT_CHECK(capstone().open(CS_ARCH_X86, mode, engine) == CS_ERR_OK, "capstone knows no x86");
      BT_CHECK(capstone().option(*engine, CS_OPT_DETAIL, CS_OPT_ON) == CS_ERR_OK,
               "capstone has no details");
    }
  }
  ~Engines() {
    capstone().close(&wide);
    capstone().close(&narrow);
  }
  Engines(const Engines&) = delete;
  Engines& operator=(const Engines&) = delete;
  Engines(Engines&&) = delete;
  Engines& operator=(Engines&&) = delete;

  csh wide = 0;
  csh narrow = 0;
  [[nodiscard]] csh of(bool is_32bit) const { return is_32bit ? narrow : wide; }
};

base::Result<void> Disassembler::load() {
  return load_capstone().ok() ? base::Result<void>{} : load_capstone().error();
}

Disassembler::Disassembler() = default;
Disassembler::~Disassembler() = default;

const Disassembler::Engines& Disassembler::engines() const {
  if (!engines_) {
    engines_ = std::make_unique<Engines>();
  }
  return *engines_;
}

std::optional<CallInstruction> Disassembler::call_before(base::ByteView before, std::uint64_t pc,
                                                         bool is_32bit) const {
  const csh engine = engines().of(is_32bit);
  // The most frequent call by far has five bytes.
  constexpr std::array<std::size_t, 7> kSizes = {5, 2, 3, 6, 4, 7, kLongestCall};
  static_assert(kSizes[1] == kShortestCall);
  for (const std::size_t size : kSizes) {
    if (size > before.size()) {
      continue;
    }
    const Decoded one(engine, before.last(size), pc - size);
    if (!one || one->size != size || !is_call(engine, one)) {
      continue;
    }
    CallInstruction call;
    if (one.x86().op_count == 1 && one.x86().operands[0].type == X86_OP_IMM) {
      call.target = static_cast<std::uint64_t>(one.x86().operands[0].imm);
    }
    return call;
  }
  return std::nullopt;
}

Disassembler::Operand Disassembler::inspect(base::ByteView code, std::uint64_t at) const {
  Operand out;
  const Decoded one(engines().wide, code, at);
  if (!one) {
    return out;
  }
  out.size = one->size;
  const cs_x86& x86 = one.x86();
  const auto rip_relative = [&](const cs_x86_op& operand) {
    return operand.type == X86_OP_MEM && operand.mem.base == X86_REG_RIP &&
           operand.mem.index == X86_REG_INVALID;
  };
  const auto address = [&](const cs_x86_op& operand) {
    return at + one->size + static_cast<std::uint64_t>(operand.mem.disp);
  };
  if (x86.op_count == 2 && x86.operands[0].type == X86_OP_REG &&
      (x86.operands[0].reg == X86_REG_RDI || x86.operands[0].reg == X86_REG_EDI)) {
    if (one->id == X86_INS_LEA && rip_relative(x86.operands[1])) {
      out.rdi = address(x86.operands[1]);
    } else if (one->id == X86_INS_MOV && x86.operands[1].type == X86_OP_IMM) {
      out.rdi = static_cast<std::uint64_t>(x86.operands[1].imm);
    }
  }
  if (one->id == X86_INS_JMP && x86.op_count == 1 && rip_relative(x86.operands[0])) {
    out.jump_cell = address(x86.operands[0]);
  }
  return out;
}

std::vector<Instruction> Disassembler::around(const raw::CallSite& site, std::size_t before,
                                              std::size_t after) const {
  const csh engine = engines().of(site.registers.is_32bit);
  const std::uint64_t pc = site.registers[raw::Registers::kRip];
  const base::ByteView code{site.code};
  const std::uint64_t reach = pc - site.code_at.value;
  if (pc < site.code_at.value || reach > code.size() || reach < kEntrySize) {
    return {};
  }
  // Wrong beginnings fall into step after a few instructions; the earliest has most time to.
  std::vector<Instruction> list;
  const std::uint64_t entry = pc - kEntrySize;
  for (std::uint64_t skip = 0; list.empty() && skip < reach - kEntrySize; ++skip) {
    list = read_up_to(engine, code.subspan(skip), site.code_at.value + skip, entry);
  }
  if (list.size() > before) {
    list.erase(list.begin(), list.end() - static_cast<std::ptrdiff_t>(before));
  }
  const Decoded own(engine, code.subspan(reach - kEntrySize), entry);
  if (own && own->size == kEntrySize) {
    list.push_back(to_instruction(own));
    list.back().is_entry = true;
  }
  base::ByteView rest = code.subspan(reach);
  std::uint64_t at = pc;
  for (std::size_t i = 0; i < after; ++i) {
    const Decoded one(engine, rest, at);
    if (!one) {
      break;
    }
    list.push_back(to_instruction(one));
    at += one->size;
    rest = rest.subspan(one->size);
  }
  return list;
}

raw::Stack::Entry entry_instruction(base::ByteView before, std::uint64_t pc) {
  using Entry = raw::Stack::Entry;
  if (pc >= kVsyscallPage && pc < kVsyscallPage + kPageSize) {
    return Entry::Vsyscall;
  }
  if (ends_with(before, "\x0f\x05")) {
    return Entry::Syscall;
  }
  if (ends_with(before, "\xcd\x80")) {
    // The kernel lets a 32-bit sysenter return behind the `int 0x80` that follows it in the vdso.
    const base::ByteView earlier = before.first(before.size() - kEntrySize);
    return ends_with(earlier, "\x0f\x34")   ? Entry::Sysenter
           : ends_with(earlier, "\x0f\x05") ? Entry::Syscall
                                            : Entry::Int80;
  }
  return Entry::Unknown;
}

std::string_view entry_name(raw::Stack::Entry entry) {
  switch (entry) {
    case raw::Stack::Entry::Syscall:
      return "syscall";
    case raw::Stack::Entry::Int80:
      return "int 0x80";
    case raw::Stack::Entry::Sysenter:
      return "sysenter";
    case raw::Stack::Entry::Vsyscall:
      return "vsyscall";
    case raw::Stack::Entry::Unknown:
      break;
  }
  return "unknown";
}

}  // namespace boxtrace::stacks
