// Where the kernel starts the static boxrun, before the C library does.
//
// What enters a container is executed a second time, from a read-only clone of its file
// (exec/self_protect.h). All that the first life does before that is done in vain, and it is not
// little: the C library asks the processor for its features by an instruction that traps in a
// virtual machine, and objects are constructed. So the first life is over before any of it: the ELF
// entry point looks for the verbs that enter, and otherwise, or when it fails, goes on to the C
// library as if it had never been there.
//
// Sources: the x86-64 psABI, "Process Initialization"; elf(5), e_entry; ld(1), -e.

#include "runtime/exec/readonly_self.h"

namespace {

/// A word of up to eight bytes as a number; longer ones are like no other.
constexpr std::uint64_t packed(const char* text) {
  std::uint64_t number = 0;
  for (int i = 0; text[i] != '\0'; ++i) {
    if (i == 8) {
      return 0;
    }
    number |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (8 * i);
  }
  return number;
}

constexpr std::uint64_t kCreate = packed("create");
constexpr std::uint64_t kRun = packed("run");
constexpr std::uint64_t kExec = packed("exec");

}  // namespace

/// @param stack  as the kernel has left it: argc, argv, a null, the environment
extern "C" __attribute__((no_stack_protector, used)) void boxrun_first_life(long* stack) {
  char** argv = reinterpret_cast<char**>(stack + 1);
  for (long i = 1; i < stack[0]; ++i) {
    const std::uint64_t word = packed(argv[i]);
    if (word == kCreate || word == kRun || word == kExec) {
      if (!boxrun::exec::raw::is_protected()) {
        boxrun::exec::raw::execute_readonly_clone(argv, argv + stack[0] + 1);
      }
      return;
    }
  }
}

// The stack pointer and rdx, a function for exit(3) to call, are what _start expects to find.
asm(R"(
  .text
  .globl boxrun_entry
  .type boxrun_entry, @function
boxrun_entry:
  .cfi_startproc
  .cfi_undefined rip
  movq %rsp, %rdi
  pushq %rdx
  subq $8, %rsp
  call boxrun_first_life
  addq $8, %rsp
  popq %rdx
  jmp _start
  .cfi_endproc
  .size boxrun_entry, . - boxrun_entry
)");
