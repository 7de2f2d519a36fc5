#pragma once
// From the words of config.json and of the command line to the kernel's numbers. Where the tracer's
// tables know a word (capabilities, signals, resource limits), they are asked; only words that
// exist in config.json alone have their table here.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/config/config.h"

namespace boxrun::config {

/// `network`, and the name of the link below /proc/PID/ns: `net`. Sources: runtime-spec
/// config-linux.md, Namespaces; namespaces(7).
struct NamespaceName {
  NamespaceKind kind;
  std::string_view word;
  std::string_view proc_link;
  std::uint64_t clone_flag;  ///< CLONE_NEW*
};
[[nodiscard]] const NamespaceName& name_of(NamespaceKind kind);
[[nodiscard]] std::optional<NamespaceKind> parse_namespace(std::string_view word);
[[nodiscard]] std::vector<std::string> namespace_words();

/// The number of `CAP_CHOWN`.
[[nodiscard]] std::optional<int> parse_capability(std::string_view word);
[[nodiscard]] std::vector<std::string> capability_words();
/// `CAP_CHOWN`, or `capability 63` for a number without a name.
[[nodiscard]] std::string capability_name(int number);
/// The names of the bits of `set`, in the order of their numbers.
[[nodiscard]] std::vector<std::string> capability_names(std::uint64_t set);

[[nodiscard]] std::optional<int> parse_rlimit(std::string_view word);
[[nodiscard]] std::vector<std::string> rlimit_words();

/// `SCHED_FIFO`, `SCHED_FLAG_RECLAIM`, `IOPRIO_CLASS_BE`, `MPOL_BIND`. Numbers of the kernel.
[[nodiscard]] std::optional<std::uint32_t> parse_scheduler_policy(std::string_view word);
[[nodiscard]] std::vector<std::string> scheduler_policy_words();
[[nodiscard]] std::optional<std::uint32_t> parse_scheduler_flag(std::string_view word);
[[nodiscard]] std::vector<std::string> scheduler_flag_words();
[[nodiscard]] std::optional<int> parse_io_class(std::string_view word);
[[nodiscard]] std::vector<std::string> io_class_words();
[[nodiscard]] std::optional<int> parse_memory_policy(std::string_view word);
[[nodiscard]] std::vector<std::string> memory_policy_words();

/// A signal by number, or by name with or without `SIG`, in any case; `RTMIN+3` too.
[[nodiscard]] std::optional<int> parse_signal(std::string_view word);

/// MS_SHARED for `shared`, MS_SHARED | MS_REC for `rshared`, and so on.
[[nodiscard]] std::optional<std::uint64_t> parse_rootfs_propagation(std::string_view word);

/// libseccomp's numbers. Source: seccomp.h; runtime-spec config-linux.md, Seccomp.
[[nodiscard]] std::optional<std::uint32_t> parse_seccomp_action(std::string_view word,
                                                                std::uint32_t errno_value);
[[nodiscard]] std::vector<std::string> seccomp_action_words();
[[nodiscard]] std::optional<std::uint32_t> parse_seccomp_architecture(std::string_view word);
[[nodiscard]] std::vector<std::string> seccomp_architecture_words();
[[nodiscard]] std::optional<int> parse_seccomp_operator(std::string_view word);
[[nodiscard]] std::vector<std::string> seccomp_operator_words();
[[nodiscard]] std::vector<std::string> seccomp_flag_words();

}  // namespace boxrun::config
