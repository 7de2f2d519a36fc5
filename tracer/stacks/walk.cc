#include "tracer/stacks/walk.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "tracer/base/bytes.h"
#include "tracer/stacks/name_frames.h"

namespace boxtrace::stacks {
namespace {

using raw::Registers;

constexpr std::size_t kMostFrames = 256;
constexpr std::size_t kWord = 8;
constexpr std::size_t kBytesBefore = 8;  // the longest call; two entry instructions
// A function that a call can have led to, when the call says where it leads to.
constexpr std::uint64_t kLargestFunction = std::uint64_t{1} << 20;

// Where the kernel saves the registers of the interrupted code, behind the return address to
// sigreturn: struct ucontext, then struct sigcontext_64. Source: asm/ucontext.h, asm/sigcontext.h.
constexpr std::uint64_t kSigcontext = 40;
constexpr std::array<Registers::Number, 17> kSigcontextOrder = {
    Registers::kR8,  Registers::kR9,  Registers::kR10, Registers::kR11, Registers::kR12,
    Registers::kR13, Registers::kR14, Registers::kR15, Registers::kRdi, Registers::kRsi,
    Registers::kRbp, Registers::kRbx, Registers::kRdx, Registers::kRax, Registers::kRcx,
    Registers::kRsp, Registers::kRip};
// mov rax, 15; syscall, as the C library and as Go encode it.
constexpr std::array<std::string_view, 2> kSigreturn = {
    std::string_view{"\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05", 9},
    std::string_view{"\xb8\x0f\x00\x00\x00\x0f\x05", 7}};

/// The bytes that end at `at`: fewer where memory begins.
base::Bytes bytes_before(const ByteSource& memory, std::uint64_t at) {
  base::Bytes bytes(kBytesBefore);
  for (std::size_t size = kBytesBefore; size >= 2; --size) {
    if (memory.read(at - size, std::span{bytes}.first(size)) == size) {
      bytes.resize(size);
      return bytes;
    }
  }
  return {};
}

bool is_sigreturn(const ByteSource& memory, std::uint64_t at) {
  return std::any_of(kSigreturn.begin(), kSigreturn.end(), [&](std::string_view code) {
    std::array<std::byte, 9> bytes{};
    const std::size_t size = memory.read(at, std::span{bytes}.first(code.size()));
    return base::as_chars(std::span<const std::byte>{bytes}.first(size)) == code;
  });
}

// Functions of Go that call the vdso, on the stack of the system unless they are on it already. The
// kernel's code there makes a system call where it cannot read the clock.
// Source: runtime/sys_linux_amd64.s, runtime/time_linux_amd64.s.
constexpr std::array<std::string_view, 3> kCallersOfVdso = {"runtime.nanotime1", "time.now",
                                                            "runtime.vgetrandom1"};

std::string_view without_abi(std::string_view name) {
  constexpr std::string_view kAbi = ".abi0";
  return name.ends_with(kAbi) ? name.substr(0, name.size() - kAbi.size()) : name;
}

}  // namespace

std::uint64_t Walker::Place::within() const {
  return registers[Registers::kRip] - (is_exact ? 0 : 1);
}

bool Walker::step_signal(AddressSpace& space, const Place& place, Place& next,
                         bool is_innermost) const {
  const std::uint64_t pc = place.registers[Registers::kRip];
  // In front of it: the thread has just entered sigreturn itself.
  const bool is_before = is_sigreturn(space.memory(), pc);
  const bool is_behind =
      is_innermost && std::any_of(kSigreturn.begin(), kSigreturn.end(), [&](auto code) {
        return is_sigreturn(space.memory(), pc - code.size());
      });
  if (!is_before && !is_behind) {
    return false;
  }
  std::uint64_t at = place.registers[Registers::kRsp] + kSigcontext;
  for (const Registers::Number number : kSigcontextOrder) {
    const auto value = read_value<std::uint64_t>(space.memory(), at);
    if (!value) {
      return false;
    }
    next.registers[number] = *value;
    at += kWord;
  }
  next.is_exact = space.is_code(next.registers[Registers::kRip]);
  return next.is_exact;
}

Walker::Trust Walker::trust(AddressSpace& space, std::uint64_t candidate,
                            const Place& callee) const {
  if (!space.is_code(candidate)) {
    return Trust::None;
  }
  const auto call = disassembler_.call_before(bytes_before(space.memory(), candidate), candidate,
                                              callee.registers.is_32bit);
  if (!call) {
    return Trust::None;
  }
  std::optional<std::uint64_t> target = call->target;
  if (target) {
    // Through the linkage table: a jump by a cell that the loader filled.
    std::array<std::byte, 16> code{};
    std::size_t size = space.memory().read(*target, code);
    std::uint64_t at = *target;
    for (int i = 0; i < 2 && size != 0; ++i) {  // endbr64 may stand in front of the jump
      const auto stub = disassembler_.inspect(std::span{code}.first(size), at);
      if (stub.jump_cell) {
        target = read_value<std::uint64_t>(space.memory(), *stub.jump_cell);
        break;
      }
      at += stub.size;
      size = stub.size == 0 ? 0 : space.memory().read(at, code);
    }
  }
  const std::uint64_t pc = callee.registers[Registers::kRip];
  if (!target) {
    return Trust::Possible;
  }
  if (*target > pc || pc - *target >= kLargestFunction) {
    return Trust::None;
  }
  if (*target == callee.function) {
    return Trust::Certain;
  }
  // A function may have no frame information at all, or in parts: clone(2) of the C library.
  const auto symbol = callee.module != nullptr && !callee.go
                          ? space.cache()
                                .symbols(space.memory(), space.files(), *callee.module)
                                .find(callee.within() - callee.module->image.bias)
                          : std::nullopt;
  return symbol && symbol->start + callee.module->image.bias == *target ? Trust::Certain
                                                                        : Trust::Possible;
}

bool Walker::guess(AddressSpace& space, const Place& place, Place& next, bool is_innermost) const {
  const std::uint64_t word = place.registers.is_32bit ? 4 : kWord;
  const auto read_word = [&](std::uint64_t at) -> std::optional<std::uint64_t> {
    if (word == kWord) {
      return read_value<std::uint64_t>(space.memory(), at);
    }
    return read_value<std::uint32_t>(space.memory(), at);
  };
  const std::uint64_t sp = place.registers[Registers::kRsp];
  const std::uint64_t bp = place.registers[Registers::kRbp];
  next.registers = place.registers;
  const auto top = is_innermost ? read_word(sp) : std::nullopt;
  const Trust top_trust = top ? trust(space, *top, place) : Trust::None;
  if (top_trust != Trust::None) {
    next.guessed = top_trust != Trust::Certain;
    next.registers[Registers::kRip] = *top;
    next.registers[Registers::kRsp] = sp + word;
    return true;
  }
  const auto saved = bp >= sp && bp % word == 0 ? read_word(bp) : std::nullopt;
  const auto back = saved ? read_word(bp + word) : std::nullopt;
  const Trust back_trust = back ? trust(space, *back, place) : Trust::None;
  if (back_trust == Trust::None) {
    return false;
  }
  next.guessed = back_trust != Trust::Certain;
  next.registers[Registers::kRip] = *back;
  next.registers[Registers::kRsp] = bp + 2 * word;
  next.registers[Registers::kRbp] = *saved;
  return true;
}

bool Walker::step_to_goroutine(AddressSpace& space, const Place& place, Place& next) const {
  // The note: g, and how deep its stack is; or without a g, the stack pointer before. Versions
  // differ in where. Source: runtime/asm_amd64.s: asmcgocall.
  constexpr std::array<std::pair<std::uint64_t, std::uint64_t>, 2> kNotes = {{{48, 40}, {8, 0}}};
  constexpr std::uint64_t kStackTop = 8;  // g.stack.hi
  const ByteSource& memory = space.memory();
  const std::uint64_t sp = place.registers[Registers::kRsp];
  for (const auto& [g_at, depth_at] : kNotes) {
    const auto g = read_value<std::uint64_t>(memory, sp + g_at);
    const auto depth = read_value<std::uint64_t>(memory, sp + depth_at);
    const auto top = g && *g != 0 ? read_value<std::uint64_t>(memory, *g + kStackTop)
                                  : std::optional<std::uint64_t>{0};
    if (!g || !depth || !top) {
      continue;
    }
    const std::uint64_t old = *g == 0 ? *depth : *top - *depth;
    const auto back = read_value<std::uint64_t>(memory, old);
    if (back && trust(space, *back, place) != Trust::None) {
      next.registers = place.registers;
      next.registers[Registers::kRip] = *back;
      next.registers[Registers::kRsp] = old + kWord;
      return true;
    }
  }
  return false;
}

bool Walker::step_by_register(AddressSpace& space, const Place& place, Place& next) const {
  // syscall.rawVforkSyscall: r12, and r9 before Go 1.20. Source: src/syscall/asm_linux_amd64.s.
  for (const Registers::Number number : {Registers::kR12, Registers::kR9}) {
    if (trust(space, place.registers[number], place) == Trust::Certain) {
      next.registers = place.registers;
      next.registers[Registers::kRip] = place.registers[number];
      return true;
    }
  }
  return false;
}

bool Walker::step_from_system_stack(AddressSpace& space, const Place& place, Place& next) const {
  // The goroutine stopped in a call of systemstack. Its frame ends at the frame pointer, its size
  // is known, and the return address lies below it: only one place can fulfil that.
  constexpr std::uint64_t kLargestFrame = 1 << 16;
  const GoTable& table = *place.module->go;
  const ByteSource& memory = space.memory();
  const std::uint64_t bp = place.registers[Registers::kRbp];
  for (std::uint64_t size = kWord; size < kLargestFrame; size += kWord) {
    const std::uint64_t at = bp - size;
    const auto back = read_value<std::uint64_t>(memory, at);
    if (!back) {
      return false;
    }
    const auto function = table.find(memory, *back - 1);
    if (!function ||
        table.frame_size(memory, *function, *back - 1) != static_cast<std::int64_t>(size) ||
        trust(space, *back, place) != Trust::Certain) {
      continue;
    }
    next.registers = place.registers;
    next.registers[Registers::kRip] = *back;
    next.registers[Registers::kRsp] = at + kWord;
    return true;
  }
  return false;
}

bool Walker::step_from_vdso(AddressSpace& space, const Place& place, Place& next) const {
  // The stack pointer of before is in r12, which C preserves as it does the frame pointer.
  Place before = place;
  before.registers[Registers::kRsp] = place.registers[Registers::kR12];
  return guess(space, before, next, false);
}

Walker::Progress Walker::step_go(AddressSpace& space, const Place& place, Place& next) const {
  const GoTable& table = *place.module->go;
  const ByteSource& memory = space.memory();
  if (table.is_outermost(memory, *place.go)) {
    return Progress::Bottom;
  }
  const std::string name = table.name(memory, *place.go);
  if (without_abi(name) == "runtime.asmcgocall" && step_to_goroutine(space, place, next)) {
    return Progress::Stepped;
  }
  if (without_abi(name) == "runtime.systemstack") {
    return step_from_system_stack(space, place, next) ? Progress::Stepped : Progress::Lost;
  }
  if (std::find(kCallersOfVdso.begin(), kCallersOfVdso.end(), without_abi(name)) !=
      kCallersOfVdso.end()) {
    return step_from_vdso(space, place, next) ? Progress::Stepped : Progress::Lost;
  }
  const auto size = table.frame_size(memory, *place.go, place.within());
  if (!size) {
    return Progress::Lost;
  }
  if (*size < 0) {
    return step_by_register(space, place, next) ? Progress::Stepped : Progress::Lost;
  }
  const std::uint64_t end = place.registers[Registers::kRsp] + static_cast<std::uint64_t>(*size);
  const auto back = read_value<std::uint64_t>(memory, end);
  if (!back || !space.is_code(*back)) {
    return Progress::Lost;
  }
  next.registers = place.registers;
  next.registers[Registers::kRip] = *back;
  next.registers[Registers::kRsp] = end + kWord;
  // A function with a frame saves the caller's frame pointer on top of it.
  const auto saved = *size != 0 ? read_value<std::uint64_t>(memory, end - kWord) : std::nullopt;
  if (saved) {
    next.registers[Registers::kRbp] = *saved;
  }
  return Progress::Stepped;
}

Walker::Progress Walker::step(AddressSpace& space, Place& place, Place& next,
                              bool is_innermost) const {
  place.module = space.module(place.within());
  if (place.registers.is_32bit) {
    return guess(space, place, next, is_innermost) ? Progress::Stepped : Progress::Lost;
  }
  if (place.module != nullptr && place.module->go) {
    place.go = place.module->go->find(space.memory(), place.within());
    place.function = place.go ? place.go->entry : 0;
  }
  if (step_signal(space, place, next, is_innermost)) {
    return Progress::Stepped;
  }
  if (place.go) {
    const Progress progress = step_go(space, place, next);
    if (progress != Progress::Lost) {
      return progress;
    }
  } else if (place.module != nullptr && place.module->frames) {
    Registers registers = place.registers;
    registers[Registers::kRip] = place.within();
    const CfiStep stepped = cfi_.step(space.memory(), *place.module->frames, registers);
    place.function = stepped.function;
    if (stepped.outcome == CfiStep::Outcome::Stepped &&
        space.is_code(stepped.registers[Registers::kRip])) {
      next.registers = stepped.registers;
      return Progress::Stepped;
    }
    if (stepped.outcome == CfiStep::Outcome::Bottom && !is_innermost) {
      return Progress::Bottom;
    }
    if (stepped.outcome == CfiStep::Outcome::Bottom) {
      return guess(space, place, next, is_innermost) ? Progress::Stepped : Progress::Bottom;
    }
  }
  if (guess(space, place, next, is_innermost)) {
    return Progress::Stepped;
  }
  // Where a program starts, no table says what there is before it: nothing.
  constexpr std::uint64_t kStartSize = 64;
  const std::uint64_t entry = place.module != nullptr ? place.module->image.entry : 0;
  const bool is_start =
      entry != 0 && place.within() >= entry && place.within() - entry < kStartSize;
  return is_start ? Progress::Bottom : Progress::Lost;
}

raw::Stack Walker::walk(AddressSpace& space, const Registers& registers) const {
  raw::Stack stack;
  const std::uint64_t pc = registers[Registers::kRip];
  stack.entry = entry_instruction(bytes_before(space.memory(), pc), pc);
  const FrameNamer namer(space);
  Place place;
  place.registers = registers;
  stack.end = raw::Stack::End::Limit;
  for (std::size_t count = 0; count < kMostFrames; ++count) {
    Place next;
    const Progress progress = step(space, place, next, count == 0);
    namer.append({place.registers[Registers::kRip], place.within(), place.guessed, place.module,
                  place.go, place.function},
                 stack.frames);
    if (progress != Progress::Stepped) {
      stack.end = progress == Progress::Bottom ? raw::Stack::End::Bottom : raw::Stack::End::Lost;
      break;
    }
    place = next;
  }
  return stack;
}

}  // namespace boxtrace::stacks
