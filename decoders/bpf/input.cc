#include "decoders/bpf/input.h"

#include <algorithm>
#include <map>
#include <vector>

#include "decoders/registry.h"

namespace boxtrace::bpf {
namespace {

using raw::Abi;

constexpr std::array kArchitectures = {
    Architecture{"x86_64", 0xC000003E, "SCMP_ARCH_X86_64", Abi::X86_64},
    Architecture{"i386", 0x40000003, "SCMP_ARCH_X86", Abi::I386, false},
    Architecture{"aarch64", 0xC00000B7, "SCMP_ARCH_AARCH64", Abi::Aarch64},
    Architecture{"arm", 0x40000028, "SCMP_ARCH_ARM", Abi::Unknown, false},
    Architecture{"armeb", 0x00000028, "", Abi::Unknown, false, true},
    Architecture{"riscv64", 0xC00000F3, "SCMP_ARCH_RISCV64", Abi::Aarch64},
    Architecture{"riscv32", 0x400000F3, "", Abi::Unknown, false},
    Architecture{"loongarch64", 0xC0000102, "SCMP_ARCH_LOONGARCH64", Abi::Aarch64},
    Architecture{"s390x", 0x80000016, "SCMP_ARCH_S390X", Abi::Unknown, true, true},
    Architecture{"s390", 0x00000016, "SCMP_ARCH_S390", Abi::Unknown, false, true},
    Architecture{"ppc64le", 0xC0000015, "SCMP_ARCH_PPC64LE", Abi::Unknown},
    Architecture{"ppc64", 0x80000015, "SCMP_ARCH_PPC64", Abi::Unknown, true, true},
    Architecture{"ppc", 0x00000014, "SCMP_ARCH_PPC", Abi::Unknown, false, true},
    Architecture{"mipsel64", 0xC0000008, "SCMP_ARCH_MIPSEL64", Abi::Unknown},
    Architecture{"mipsel64n32", 0xE0000008, "SCMP_ARCH_MIPSEL64N32", Abi::Unknown, false},
    Architecture{"mipsel", 0x40000008, "SCMP_ARCH_MIPSEL", Abi::Unknown, false},
    Architecture{"mips64", 0x80000008, "SCMP_ARCH_MIPS64", Abi::Unknown, true, true},
    Architecture{"mips64n32", 0xA0000008, "SCMP_ARCH_MIPS64N32", Abi::Unknown, false, true},
    Architecture{"mips", 0x00000008, "SCMP_ARCH_MIPS", Abi::Unknown, false, true},
    Architecture{"parisc64", 0x8000000F, "SCMP_ARCH_PARISC64", Abi::Unknown, true, true},
    Architecture{"parisc", 0x0000000F, "SCMP_ARCH_PARISC", Abi::Unknown, false, true},
    Architecture{"m68k", 0x00000004, "", Abi::Unknown, false, true},
    Architecture{"sh", 0x4000002A, "", Abi::Unknown, false},
};

/// Above the numbers of all rows: x32's own calls end at 547.
constexpr std::uint32_t kNumbers = 640;

struct Names {
  std::vector<std::string_view> by_number;
  std::map<std::string_view, std::uint32_t> by_name;
};

Names make_names(Abi abi) {
  Names names;
  for (std::uint32_t nr = 0; nr < kNumbers; ++nr) {
    const decoders::SyscallSpec* spec = decoders::find_syscall(abi, nr);
    const bool fresh = spec != nullptr && names.by_name.emplace(spec->name, nr).second;
    names.by_number.push_back(fresh ? spec->name : std::string_view{});
  }
  while (!names.by_number.empty() && names.by_number.back().empty()) {
    names.by_number.pop_back();
  }
  return names;
}

const Names& names_of(Abi abi) {
  static const std::array<Names, 5> kNames = {make_names(Abi::X86_64), make_names(Abi::I386),
                                              make_names(Abi::X32), make_names(Abi::Aarch64),
                                              Names{}};
  return kNames.at(static_cast<std::size_t>(abi));
}

std::uint32_t audit_of(Abi abi) {
  switch (abi) {
    case Abi::X86_64:
    case Abi::X32:
      return 0xC000003E;
    case Abi::I386:
      return 0x40000003;
    case Abi::Aarch64:
      return 0xC00000B7;
    case Abi::Unknown:
      break;
  }
  return 0;
}

}  // namespace

std::span<const Architecture> architectures() { return kArchitectures; }

const Architecture* find_architecture(std::uint32_t audit) {
  const auto* const found =
      std::find_if(kArchitectures.begin(), kArchitectures.end(),
                   [audit](const Architecture& arch) { return arch.audit == audit; });
  return found == kArchitectures.end() ? nullptr : found;
}

const Architecture* find_architecture(std::string_view name) {
  const auto* const found = std::find_if(
      kArchitectures.begin(), kArchitectures.end(),
      [name](const Architecture& arch) { return arch.name == name || arch.profile == name; });
  return found == kArchitectures.end() || name.empty() ? nullptr : found;
}

std::optional<Input> make_input(const raw::Call& call) {
  if (call.abi == Abi::Unknown) {
    return std::nullopt;
  }
  Input input{};
  input[kNumberWord] = static_cast<std::uint32_t>(call.nr) | (call.abi == Abi::X32 ? kX32Bit : 0);
  input[kArchWord] = audit_of(call.abi);
  set_argument(input, kArguments, call.instruction_pointer, false);
  for (std::size_t i = 0; i < kArguments; ++i) {
    const std::uint64_t value = call.args.at(i);
    set_argument(input, i, call.abi == Abi::I386 ? value & 0xffffffff : value, false);
  }
  return input;
}

void set_argument(Input& input, std::size_t index, std::uint64_t value, bool big_endian) {
  const std::size_t at = index == kArguments ? kPointerWord : kArgumentWord + 2 * index;
  input.at(at) = static_cast<std::uint32_t>(big_endian ? value >> 32 : value);
  input.at(at + 1) = static_cast<std::uint32_t>(big_endian ? value : value >> 32);
}

std::uint64_t argument(const Input& input, std::size_t index, bool big_endian) {
  const std::size_t at = index == kArguments ? kPointerWord : kArgumentWord + 2 * index;
  const std::uint64_t first = input.at(at);
  const std::uint64_t second = input.at(at + 1);
  return big_endian ? first << 32 | second : second << 32 | first;
}

std::string_view syscall_name(Abi abi, std::uint32_t nr) {
  const Names& names = names_of(abi);
  return nr < names.by_number.size() ? names.by_number[nr] : std::string_view{};
}

std::optional<std::uint32_t> syscall_number(Abi abi, std::string_view name) {
  const Names& names = names_of(abi);
  const auto found = names.by_name.find(name);
  return found == names.by_name.end() ? std::nullopt : std::optional(found->second);
}

std::uint32_t syscall_limit(Abi abi) {
  return static_cast<std::uint32_t>(names_of(abi).by_number.size());
}

}  // namespace boxtrace::bpf
