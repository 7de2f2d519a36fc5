#include "decoders/registry.h"

#include <algorithm>
#include <array>
#include <utility>

#include "decoders/families/families.h"

namespace boxtrace::decoders {
namespace {

// The one list of families. To add one: declare its span in families/families.h, define it in
// families/<theme>.cc, name it here.
const std::array kFamilies = {
    &kProcessSyscalls,     &kNamespaceSyscalls,  &kMountSyscalls,        &kMountApiSyscalls,
    &kIdentitySyscalls,    &kCapabilitySyscalls, &kPrctlSyscalls,        &kSeccompSyscalls,
    &kKeySyscalls,         &kLimitSyscalls,      &kPathSyscalls,         &kDescriptorSyscalls,
    &kBpfSyscalls,         &kProcessIdSyscalls,  &kFileMetadataSyscalls, &kXattrSyscalls,
    &kFileContentSyscalls, &kFileEventSyscalls,  &kAsyncIoSyscalls,      &kMemorySyscalls,
    &kNetworkSyscalls,     &kSignalSyscalls,     &kTimeSyscalls,         &kWaitingSyscalls,
    &kSchedulingSyscalls,  &kIpcSyscalls,        &kTracingSyscalls,      &kSecurityModuleSyscalls,
    &kSystemSyscalls,      &kX86Syscalls,        &kRetiredSyscalls,
};

/// x32 has 36 numbers of its own, for calls whose structs hold words or pointers; the plain x86-64
/// numbers of the same calls do not exist there. The n-th entry is the x86-64 number of 512 + n.
/// Source: arch/x86/entry/syscalls/syscall_64.tbl.
constexpr std::uint64_t kX32First = 512;
constexpr std::array<std::uint16_t, 36> kX32Own = {
    13,  15,  16,  19,  20,  45,  46,  47,  59,  101, 127, 128, 129, 131, 222, 244, 246, 247,
    273, 274, 278, 279, 295, 296, 297, 299, 307, 310, 311, 54,  55,  206, 209, 322, 327, 328};

/// Calls of x86-64 that x32 has under no number: the table's rows for `64` alone.
constexpr std::array<std::uint16_t, 14> kNotOnX32 = {134, 156, 174, 177, 178, 180, 205,
                                                     211, 214, 215, 236, 335, 336, 453};

constexpr std::array kNumberedAbis = {raw::Abi::X86_64, raw::Abi::I386, raw::Abi::Aarch64};

using Index = std::vector<const SyscallSpec*>;

/// Position n holds the row of number n.
Index make_index(raw::Abi abi) {
  Index index;
  for (const SyscallSpec* spec : all_syscalls()) {
    const int nr = number_in(*spec, abi);
    if (nr < 0) {
      continue;
    }
    const auto slot = static_cast<std::size_t>(nr);
    if (slot >= index.size()) {
      index.resize(slot + 1, nullptr);
    }
    index[slot] = spec;
  }
  return index;
}

const Index& index_of(raw::Abi abi) {
  static const std::array<Index, 3> kIndexes = {
      make_index(kNumberedAbis[0]), make_index(kNumberedAbis[1]), make_index(kNumberedAbis[2])};
  switch (abi) {
    case raw::Abi::I386:
      return kIndexes[1];
    case raw::Abi::Aarch64:
      return kIndexes[2];
    default:
      return kIndexes[0];
  }
}

/// The x86-64 number of an x32 one, or a number that no call has.
std::uint64_t from_x32(std::uint64_t nr) {
  if (nr >= kX32First && nr - kX32First < kX32Own.size()) {
    return kX32Own.at(static_cast<std::size_t>(nr - kX32First));
  }
  const bool absent = std::find(kX32Own.begin(), kX32Own.end(), nr) != kX32Own.end() ||
                      std::find(kNotOnX32.begin(), kNotOnX32.end(), nr) != kNotOnX32.end();
  return absent ? ~std::uint64_t{0} : nr;
}

}  // namespace

const std::vector<const SyscallSpec*>& all_syscalls() {
  static const std::vector<const SyscallSpec*> kAll = [] {
    std::vector<const SyscallSpec*> all;
    for (const auto* family : kFamilies) {
      for (const SyscallSpec& spec : *family) {
        all.push_back(&spec);
      }
    }
    return all;
  }();
  return kAll;
}

const SyscallSpec* find_syscall(raw::Abi abi, std::uint64_t nr) {
  if (abi == raw::Abi::Unknown) {
    return nullptr;
  }
  const std::uint64_t slot = abi == raw::Abi::X32 ? from_x32(nr) : nr;
  const Index& index = index_of(abi);
  return slot < index.size() ? index[static_cast<std::size_t>(slot)] : nullptr;
}

std::vector<const SyscallSpec*> find_syscalls(std::string_view name) {
  std::vector<const SyscallSpec*> found;
  std::copy_if(all_syscalls().begin(), all_syscalls().end(), std::back_inserter(found),
               [name](const SyscallSpec* spec) { return spec->name == name; });
  return found;
}

int number_in(const SyscallSpec& spec, raw::Abi abi) {
  switch (abi) {
    case raw::Abi::X86_64:
      return spec.nr.x86_64;
    case raw::Abi::I386:
      return spec.nr.i386;
    case raw::Abi::Aarch64:
      return spec.nr.aarch64;
    case raw::Abi::X32: {
      if (std::find(kNotOnX32.begin(), kNotOnX32.end(), spec.nr.x86_64) != kNotOnX32.end()) {
        return -1;
      }
      const auto* own = std::find(kX32Own.begin(), kX32Own.end(), spec.nr.x86_64);
      return own == kX32Own.end() ? spec.nr.x86_64
                                  : static_cast<int>(kX32First) +
                                        static_cast<int>(std::distance(kX32Own.begin(), own));
    }
    case raw::Abi::Unknown:
      break;
  }
  return -1;
}

}  // namespace boxtrace::decoders
