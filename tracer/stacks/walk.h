#pragma once
// From the registers of a stopped thread to its call stack.
//
// A step outwards takes, in this order: the kernel's own note if the frame is a signal handler's
// (sigreturn(2): all registers are saved on the stack); Go's tables for Go code; call frame
// information for C. All three are exact. Where there is none of them, the frame pointer or the
// word on top of the stack is followed, if what it says is an address behind a call instruction
// that can have led here; such a frame is marked as a guess. Where that fails too, the stack is
// lost, and says so: frames made of whatever addresses lie around on the stack help nobody.
//
// Four places need to be known by name. glibc's clone says that it has no caller, which is true
// for the thread that it makes and wrong for the one that calls it. And Go has a second stack, for
// C and for its own runtime: runtime.asmcgocall leaves a note on it about where the goroutine's own
// is, runtime.systemstack leaves the frame pointer alone, and who calls the vdso keeps the
// goroutine's stack pointer in a register.

#include <cstdint>
#include <optional>
#include <vector>

#include "tracer/raw/stack.h"
#include "tracer/stacks/cfi.h"
#include "tracer/stacks/instructions.h"
#include "tracer/stacks/modules.h"

namespace boxtrace::stacks {

class Walker {
 public:
  /// The stack of a thread that entered the kernel with these registers.
  [[nodiscard]] raw::Stack walk(AddressSpace& space, const raw::Registers& registers) const;

 private:
  /// A frame before it has names.
  struct Place {
    raw::Registers registers;
    bool is_exact = false;  ///< rip is where a signal came in, not behind a call or an entry
    bool guessed = false;
    const Module* module = nullptr;
    std::optional<GoTable::Function> go;
    std::uint64_t function = 0;  ///< where call frame information says that it begins; 0: unknown

    /// An address within the instruction that runs, or that called.
    [[nodiscard]] std::uint64_t within() const;
  };
  enum class Progress : std::uint8_t { Stepped, Bottom, Lost };

  [[nodiscard]] Progress step(AddressSpace& space, Place& place, Place& next,
                              bool is_innermost) const;
  [[nodiscard]] bool step_signal(AddressSpace& space, const Place& place, Place& next,
                                 bool is_innermost) const;
  [[nodiscard]] Progress step_go(AddressSpace& space, const Place& place, Place& next) const;
  [[nodiscard]] bool step_to_goroutine(AddressSpace& space, const Place& place, Place& next) const;
  [[nodiscard]] bool step_by_register(AddressSpace& space, const Place& place, Place& next) const;
  [[nodiscard]] bool step_from_system_stack(AddressSpace& space, const Place& place,
                                            Place& next) const;
  [[nodiscard]] bool step_from_vdso(AddressSpace& space, const Place& place, Place& next) const;
  [[nodiscard]] bool guess(AddressSpace& space, const Place& place, Place& next,
                           bool is_innermost) const;
  /// Whether a call instruction in front of an address can have led to `callee`.
  enum class Trust : std::uint8_t {
    None,      ///< there is no call, or it leads elsewhere
    Possible,  ///< a call by a register or memory, or to somewhere before `callee`
    Certain,   ///< a call of the very function
  };
  [[nodiscard]] Trust trust(AddressSpace& space, std::uint64_t candidate,
                            const Place& callee) const;

  CfiUnwinder cfi_;
  Disassembler disassembler_;
};

}  // namespace boxtrace::stacks
