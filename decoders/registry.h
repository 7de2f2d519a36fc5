#pragma once
// Finding rows.

#include <span>
#include <string_view>
#include <vector>

#include "decoders/spec.h"

namespace boxtrace::decoders {

/// All rows, family by family.
[[nodiscard]] const std::vector<const SyscallSpec*>& all_syscalls();

/// The row for a number of an ABI, or null. `nr` without the x32 bit.
[[nodiscard]] const SyscallSpec* find_syscall(raw::Abi abi, std::uint64_t nr);

/// The rows of that name: several where ABIs differ in their arguments. Empty when there is none.
[[nodiscard]] std::vector<const SyscallSpec*> find_syscalls(std::string_view name);

/// The number of `spec` in `abi`, or -1.
[[nodiscard]] int number_in(const SyscallSpec& spec, raw::Abi abi);

}  // namespace boxtrace::decoders
