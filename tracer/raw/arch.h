#pragma once
// The syscall ABIs a tracee can enter the kernel through. On x86-64 it is a property of each call,
// not of the process: a 64-bit program may execute `int $0x80`.

#include <cstdint>
#include <optional>
#include <string_view>

namespace boxtrace::raw {

enum class Abi : std::uint8_t {
  X86_64,   ///< `syscall`, AUDIT_ARCH_X86_64
  I386,     ///< `int $0x80` or a 32-bit program, AUDIT_ARCH_I386
  X32,      ///< AUDIT_ARCH_X86_64 with __X32_SYSCALL_BIT set in the number
  Aarch64,  ///< AUDIT_ARCH_AARCH64; decoded from recordings only
  Unknown,
};

inline constexpr std::uint64_t kX32SyscallBit = 0x40000000;  // arch/x86/include/uapi/asm/unistd.h

/// The ABI of a call from what PTRACE_GET_SYSCALL_INFO says. Source: linux/audit.h.
[[nodiscard]] constexpr Abi abi_of(std::uint32_t audit_arch, std::uint64_t nr) {
  switch (audit_arch) {
    case 0xC000003E:
      return (nr & kX32SyscallBit) != 0 ? Abi::X32 : Abi::X86_64;
    case 0x40000003:
      return Abi::I386;
    case 0xC00000B7:
      return Abi::Aarch64;
    default:
      return Abi::Unknown;
  }
}

/// The size of `long` and of a pointer, in bytes, in structs of that ABI.
[[nodiscard]] constexpr unsigned word_size(Abi abi) {
  return abi == Abi::I386 || abi == Abi::X32 ? 4 : 8;
}

/// The name used in traces and on the command line.
[[nodiscard]] constexpr std::string_view abi_name(Abi abi) {
  switch (abi) {
    case Abi::X86_64:
      return "x86_64";
    case Abi::I386:
      return "i386";
    case Abi::X32:
      return "x32";
    case Abi::Aarch64:
      return "aarch64";
    case Abi::Unknown:
      break;
  }
  return "unknown";
}

[[nodiscard]] constexpr std::optional<Abi> parse_abi(std::string_view name) {
  for (const Abi abi : {Abi::X86_64, Abi::I386, Abi::X32, Abi::Aarch64, Abi::Unknown}) {
    if (abi_name(abi) == name) {
      return abi;
    }
  }
  return std::nullopt;
}

}  // namespace boxtrace::raw
