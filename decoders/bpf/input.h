#pragma once
// What a filter sees of a call: struct seccomp_data, sixteen words of 32 bits.
//
// The number, the architecture (an AUDIT_ARCH_* value), the instruction pointer and six arguments
// of 64 bits. A filter loads words, so that each 64-bit field is two of them: the low half first on
// a little-endian machine, the high half first on a big-endian one. Whether a register holds
// anything in its high half is for the kernel's ABI to say: where a parameter is an `int`, the
// kernel ignores it and a filter that looks at it can be fooled.
//
// Sources: include/uapi/linux/seccomp.h: struct seccomp_data; include/uapi/linux/audit.h.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tracer/raw/event.h"

namespace boxtrace::bpf {

inline constexpr std::size_t kInputWords = 16;
inline constexpr std::size_t kInputSize = kInputWords * 4;

/// Word n is at offset 4n.
using Input = std::array<std::uint32_t, kInputWords>;

inline constexpr std::size_t kNumberWord = 0;
inline constexpr std::size_t kArchWord = 1;
inline constexpr std::size_t kPointerWord = 2;
inline constexpr std::size_t kArgumentWord = 4;
inline constexpr std::size_t kArguments = 6;

inline constexpr std::uint32_t kX32Bit = 0x40000000;  ///< __X32_SYSCALL_BIT

/// An architecture that the kernel reports to filters.
struct Architecture {
  std::string_view name;             ///< as libseccomp and `uname -m` call it: `x86_64`
  std::uint32_t audit = 0;           ///< AUDIT_ARCH_*
  std::string_view profile;          ///< in profiles: `SCMP_ARCH_X86_64`
  raw::Abi abi = raw::Abi::Unknown;  ///< whose names its numbers have; Unknown: we have none
  bool wide = true;                  ///< registers have 64 bits
  bool big_endian = false;
};

[[nodiscard]] std::span<const Architecture> architectures();
[[nodiscard]] const Architecture* find_architecture(std::uint32_t audit);
[[nodiscard]] const Architecture* find_architecture(std::string_view name);

/// What a filter sees of `call`; nothing for a call of an unknown ABI.
[[nodiscard]] std::optional<Input> make_input(const raw::Call& call);

/// Puts a 64-bit value into the two words of argument `index` (6: the instruction pointer).
void set_argument(Input& input, std::size_t index, std::uint64_t value, bool big_endian);
[[nodiscard]] std::uint64_t argument(const Input& input, std::size_t index, bool big_endian);

/// The row's name of a call in an ABI, or empty. `nr` without the x32 bit. A name that two numbers
/// of the ABI share belongs to the lower one.
[[nodiscard]] std::string_view syscall_name(raw::Abi abi, std::uint32_t nr);
[[nodiscard]] std::optional<std::uint32_t> syscall_number(raw::Abi abi, std::string_view name);
/// Numbers from 0 to this one, exclusive, may have names.
[[nodiscard]] std::uint32_t syscall_limit(raw::Abi abi);

}  // namespace boxtrace::bpf
