#pragma once
// Who made a call: the call stack of the task at its entry, and the code around the instruction
// that entered the kernel. Recorded with names, because the memory that they were found in is gone
// at replay.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tracer/base/bytes.h"
#include "tracer/base/ids.h"

namespace boxtrace::raw {

/// The general registers of x86-64 by their DWARF numbers. Source: System V ABI, x86-64 supplement,
/// figure 3.36.
struct Registers {
  enum Number : std::uint8_t {
    kRax,
    kRdx,
    kRcx,
    kRbx,
    kRsi,
    kRdi,
    kRbp,
    kRsp,
    kR8,
    kR9,
    kR10,
    kR11,
    kR12,
    kR13,
    kR14,
    kR15,
    kRip,
  };
  static constexpr std::size_t kCount = 17;
  std::array<std::uint64_t, kCount> values{};
  /// The task runs 32-bit code: the upper halves, and r8 to r15, do not exist.
  bool is_32bit = false;

  [[nodiscard]] std::uint64_t operator[](Number number) const { return values.at(number); }
  [[nodiscard]] std::uint64_t& operator[](Number number) { return values.at(number); }
  friend bool operator==(const Registers&, const Registers&) = default;
};

struct Frame {
  enum class Kind : std::uint8_t {
    Unknown,  ///< no table of any kind knows the address
    C,        ///< native code with unwind tables or symbols: C, C++, Rust, assembly
    Go,
  };
  Kind kind = Kind::Unknown;
  /// Innermost frame: behind the instruction that entered the kernel. Others: the return address,
  /// which is behind the call instruction. The same for inlined frames and the one they are in.
  base::Addr pc;
  std::string module;                 ///< the path in /proc/PID/maps, `[vdso]`; empty: no file
  std::string build_id;               ///< of the module, in hexadecimal; empty: it has none
  std::uint64_t offset = 0;           ///< pc as the module's own address: what addr2line(1) takes
  std::string function;               ///< demangled; empty: not known
  std::uint64_t function_offset = 0;  ///< pc - start of `function`
  std::string file;                   ///< of the call in this frame; empty: not known
  std::uint32_t line = 0;
  bool inlined = false;  ///< it has no frame of its own; the next one is the function it is in
  bool guessed = false;  ///< found by the frame pointer or the top of the stack, not by a table
  friend bool operator==(const Frame&, const Frame&) = default;
};

struct Stack {
  /// Why there are no more frames.
  enum class End : std::uint8_t {
    Bottom,  ///< the outermost one says that it is
    Limit,   ///< more than we keep
    Lost,    ///< no table and no frame pointer leads on
  };
  /// The instruction that entered the kernel.
  enum class Entry : std::uint8_t { Unknown, Syscall, Int80, Sysenter, Vsyscall };
  Entry entry = Entry::Unknown;
  std::vector<Frame> frames;  ///< innermost first
  End end = End::Lost;
  friend bool operator==(const Stack&, const Stack&) = default;
};

/// The machine code around the instruction that entered the kernel, and the registers there.
struct CallSite {
  base::Addr code_at;
  base::Bytes code;
  Registers registers;
  friend bool operator==(const CallSite&, const CallSite&) = default;
};

}  // namespace boxtrace::raw
