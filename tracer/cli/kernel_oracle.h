#pragma once
// Asking the kernel that runs here what it makes of a filter.
//
// Three ways, because none of them shows everything. A socket filter runs any program on any input,
// foreign architectures included, through the same translation and compiler as seccomp; but other
// programs are valid there. seccomp itself runs only what this machine can call. And the verdict on
// a program can be had without installing it.

#include <optional>
#include <span>
#include <vector>

#include "decoders/bpf/input.h"
#include "decoders/bpf/instruction.h"
#include "tracer/base/result.h"
#include "tracer/os/fd.h"

namespace boxtrace::cli {

/// The instruction at which a program ended; nothing: a division by an X of zero.
using EndedAt = std::optional<std::size_t>;

/// A program attached to a socket (SO_ATTACH_FILTER). A datagram that carries the input is cut to
/// the length that the program returns, which here is the number of the RET it reached.
/// Source: socket(7), net/core/filter.c: sk_filter_trim_cap.
class SocketOracle {
 public:
  /// @errors  as socketpair(2) and setsockopt(2).
  [[nodiscard]] static base::Result<SocketOracle> create(const bpf::Program& program);
  [[nodiscard]] base::Result<EndedAt> run(const bpf::Input& input);

 private:
  SocketOracle(os::UniqueFd sender, os::UniqueFd receiver, std::size_t length)
      : sender_(std::move(sender)), receiver_(std::move(receiver)), datagram_(length) {}

  os::UniqueFd sender_;
  os::UniqueFd receiver_;
  std::vector<std::byte> datagram_;
};

/// The program installed with seccomp(2) in a child that then makes the calls; every RET answers
/// with an errno that is its number, so that no call is executed, not even exit or reboot. Of the
/// inputs the arguments and the number count, and the architecture, which must be x86-64 or i386;
/// the instruction pointer is the child's own. Calls that this kernel does not filter, and inputs
/// of other architectures, are left out: nothing at their place.
///
/// @errors  as fork(2), mmap(2), seccomp(2).
struct SeccompAnswer {
  EndedAt ended;
  bpf::Input input{};  ///< as the kernel saw it
};
[[nodiscard]] base::Result<std::vector<std::optional<SeccompAnswer>>> run_under_seccomp(
    const bpf::Program& program, std::span<const bpf::Input> inputs);

/// Whether seccomp(2) would take each program. None is installed: with no descriptor left for the
/// listener that is asked for, the kernel gives up after it has read and checked the program
/// (EMFILE).
///
/// @errors  as fork(2), mmap(2); EACCES without CAP_SYS_ADMIN and no_new_privs is met by the
/// latter.
[[nodiscard]] base::Result<std::vector<bool>> ask_verdicts(std::span<const bpf::Program> programs);

/// Numbers that x86-64 kernels never show to a filter. Source: include/linux/seccomp.h and
/// kernel/seccomp.c: seccomp_uprobe_exception, arch_seccomp_syscalls.
[[nodiscard]] bool is_never_filtered(const bpf::Input& input);

}  // namespace boxtrace::cli
