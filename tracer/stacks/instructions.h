#pragma once
// x86 machine code, read backwards.
//
// An address on a stack is a return address only if a call instruction ends right in front of it;
// and what the program did to enter the kernel stands right in front of the instruction pointer.
// Instructions have 1 to 15 bytes and no mark where they begin, so reading backwards means to try.
// Source: Intel SDM volume 2; arch/x86/entry/vdso/vdso32/system_call.S for the 32-bit entry.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tracer/base/bytes.h"
#include "tracer/base/result.h"
#include "tracer/raw/stack.h"

namespace boxtrace::stacks {

struct Instruction {
  std::uint64_t address = 0;
  base::Bytes bytes;
  std::string text;       ///< Intel syntax: `mov eax, 0x9b`
  bool is_entry = false;  ///< it entered the kernel
};

/// A call instruction. `target` is not known for calls through registers or memory.
struct CallInstruction {
  std::optional<std::uint64_t> target;
};

class Disassembler {
 public:
  /// Fails where Capstone cannot be loaded; who reads code all the same aborts.
  [[nodiscard]] static base::Result<void> load();

  Disassembler();
  ~Disassembler();
  Disassembler(const Disassembler&) = delete;
  Disassembler& operator=(const Disassembler&) = delete;
  Disassembler(Disassembler&&) = delete;
  Disassembler& operator=(Disassembler&&) = delete;

  /// The call that ends `before`, whose end is the address `pc`.
  [[nodiscard]] std::optional<CallInstruction> call_before(base::ByteView before, std::uint64_t pc,
                                                           bool is_32bit) const;

  /// The address that the instruction at the begin of `code` loads into rdi (`lea rdi, [rip + x]`,
  /// `mov rdi, x`), or that it jumps through (`jmp [rip + x]`), and its size.
  struct Operand {
    std::size_t size = 0;                    ///< 0: not an instruction
    std::optional<std::uint64_t> rdi;        ///< the value that rdi gets
    std::optional<std::uint64_t> jump_cell;  ///< the address of the jump's target
  };
  [[nodiscard]] Operand inspect(base::ByteView code, std::uint64_t at) const;

  /// The instructions of a call site nearest to the one that entered the kernel: at most `before`
  /// in front of it, itself, at most `after` behind it.
  [[nodiscard]] std::vector<Instruction> around(const raw::CallSite& site, std::size_t before,
                                                std::size_t after) const;

 private:
  struct Engines;
  [[nodiscard]] const Engines& engines() const;
  mutable std::unique_ptr<const Engines> engines_;  ///< made by who first reads code
};

/// How the program entered the kernel, by the bytes in front of its instruction pointer. The page
/// at 0xffffffffff600000 is emulated: there is no instruction in front of it.
[[nodiscard]] raw::Stack::Entry entry_instruction(base::ByteView before, std::uint64_t pc);

[[nodiscard]] std::string_view entry_name(raw::Stack::Entry entry);

}  // namespace boxtrace::stacks
