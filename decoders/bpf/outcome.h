#pragma once
// What a filter's answer means.
//
// The upper 16 bits are the action, the lower 16 its data. Several filters are all run, the newest
// first, and the lowest action *as a signed number* wins: KILL_PROCESS (0x80000000) is lower than
// KILL_THREAD (0). On a tie the newest filter's data counts. An action that the kernel does not
// know is treated as KILL_PROCESS, but only after it has been compared, so that it can lose to an
// ERRNO. An errno above 4095 becomes 4095, and an errno of 0 makes the call "succeed".
//
// Source: kernel/seccomp.c: seccomp_run_filters, __seccomp_filter; seccomp(2).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace boxtrace::bpf {

enum Action : std::uint32_t {
  kKillProcess = 0x80000000,
  kKillThread = 0x00000000,
  kTrap = 0x00030000,
  kErrno = 0x00050000,
  kUserNotif = 0x7fc00000,
  kTrace = 0x7ff00000,
  kLog = 0x7ffc0000,
  kAllow = 0x7fff0000,
};

inline constexpr std::uint32_t kActionMask = 0xffff0000;
inline constexpr std::uint32_t kDataMask = 0x0000ffff;
inline constexpr std::uint32_t kMaxErrno = 4095;

[[nodiscard]] bool is_known_action(std::uint32_t result);

/// `result` without what makes no difference when it is compared with other filters' results: the
/// data of an action that has none, and what an errno has above 4095.
[[nodiscard]] std::uint32_t ranked(std::uint32_t result);
/// What the kernel does in the end: `ranked`, and KILL_PROCESS for unknown actions.
[[nodiscard]] std::uint32_t effective(std::uint32_t result);
/// The answer of two filters, `newer` installed after `older`.
[[nodiscard]] std::uint32_t combine(std::uint32_t older, std::uint32_t newer);
/// Whether `newer` is the one whose answer counts.
[[nodiscard]] bool overrides(std::uint32_t older, std::uint32_t newer);

/// `ALLOW`, `ERRNO(EPERM)`, `TRAP(3)`, `KILL_PROCESS`; `0x00060000` for an unknown action.
[[nodiscard]] std::string render_outcome(std::uint32_t result);
/// The other way round, errnos also as numbers. Also takes the words of profiles (`SCMP_ACT_ALLOW`)
/// for actions without data.
[[nodiscard]] std::optional<std::uint32_t> parse_outcome(std::string_view text);

/// `SCMP_ACT_ERRNO`, as profiles spell the action; empty for one that has no word.
[[nodiscard]] std::string_view profile_word(std::uint32_t result);
/// The action of a profile's word, data zero; nothing for an unknown word.
[[nodiscard]] std::optional<std::uint32_t> parse_profile_word(std::string_view word);

}  // namespace boxtrace::bpf
