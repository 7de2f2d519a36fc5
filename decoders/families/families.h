#pragma once
// The families: one file a theme, each exporting its rows. To add a family, write
// families/<theme>.cc with
//
//   const std::span<const SyscallSpec> kThemeSyscalls{kRows};
//
// declare the span below, and name it in the list at the top of registry.cc. To add a row to a
// family, nothing else is to be touched but its cases in tests/decoders.

#include <span>

#include "decoders/spec.h"

namespace boxtrace::decoders {

extern const std::span<const SyscallSpec> kProcessSyscalls;
extern const std::span<const SyscallSpec> kNamespaceSyscalls;
extern const std::span<const SyscallSpec> kMountSyscalls;
extern const std::span<const SyscallSpec> kMountApiSyscalls;
extern const std::span<const SyscallSpec> kIdentitySyscalls;
extern const std::span<const SyscallSpec> kCapabilitySyscalls;
extern const std::span<const SyscallSpec> kPrctlSyscalls;
extern const std::span<const SyscallSpec> kSeccompSyscalls;
extern const std::span<const SyscallSpec> kKeySyscalls;
extern const std::span<const SyscallSpec> kLimitSyscalls;
extern const std::span<const SyscallSpec> kPathSyscalls;
extern const std::span<const SyscallSpec> kDescriptorSyscalls;
extern const std::span<const SyscallSpec> kBpfSyscalls;
extern const std::span<const SyscallSpec> kProcessIdSyscalls;
extern const std::span<const SyscallSpec> kFileMetadataSyscalls;
extern const std::span<const SyscallSpec> kXattrSyscalls;
extern const std::span<const SyscallSpec> kFileContentSyscalls;
extern const std::span<const SyscallSpec> kFileEventSyscalls;
extern const std::span<const SyscallSpec> kAsyncIoSyscalls;
extern const std::span<const SyscallSpec> kMemorySyscalls;
extern const std::span<const SyscallSpec> kNetworkSyscalls;
extern const std::span<const SyscallSpec> kSignalSyscalls;
extern const std::span<const SyscallSpec> kTimeSyscalls;
extern const std::span<const SyscallSpec> kWaitingSyscalls;
extern const std::span<const SyscallSpec> kSchedulingSyscalls;
extern const std::span<const SyscallSpec> kIpcSyscalls;
extern const std::span<const SyscallSpec> kTracingSyscalls;
extern const std::span<const SyscallSpec> kSecurityModuleSyscalls;
extern const std::span<const SyscallSpec> kSystemSyscalls;
extern const std::span<const SyscallSpec> kX86Syscalls;
extern const std::span<const SyscallSpec> kRetiredSyscalls;

}  // namespace boxtrace::decoders
