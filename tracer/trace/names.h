#pragma once
// How enumerations are spelt in a trace. The writer and the reader use the same tables, so that a
// word written can be read.

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "tracer/raw/event.h"

namespace boxtrace::trace {

template <typename Enum, std::size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

inline constexpr Names<raw::Outcome::Kind, 5> kOutcomes = {{
    {raw::Outcome::Kind::Returned, "returned"},
    {raw::Outcome::Kind::Failed, "failed"},
    {raw::Outcome::Kind::Restarting, "restarting"},
    {raw::Outcome::Kind::NoReturn, "no_return"},
    {raw::Outcome::Kind::Unknown, "unknown"},
}};

inline constexpr Names<raw::Unreadable, 4> kUnreadables = {{
    {raw::Unreadable::Fault, "fault"},
    {raw::Unreadable::NotCaptured, "not_captured"},
    {raw::Unreadable::NotDumpable, "not_dumpable"},
    {raw::Unreadable::Gone, "gone"},
}};

inline constexpr Names<raw::TaskStarted::Cause, 4> kStartCauses = {{
    {raw::TaskStarted::Cause::Launched, "launched"},
    {raw::TaskStarted::Cause::Attached, "attached"},
    {raw::TaskStarted::Cause::Forked, "forked"},
    {raw::TaskStarted::Cause::Found, "found"},
}};

inline constexpr Names<raw::TaskExited::Cause, 4> kExitCauses = {{
    {raw::TaskExited::Cause::Code, "code"},
    {raw::TaskExited::Cause::Signal, "signal"},
    {raw::TaskExited::Cause::Superseded, "superseded"},
    {raw::TaskExited::Cause::Detached, "detached"},
}};

inline constexpr Names<raw::Observation::At, 4> kMoments = {{
    {raw::Observation::At::Start, "start"},
    {raw::Observation::At::Exec, "exec"},
    {raw::Observation::At::Call, "call"},
    {raw::Observation::At::Exit, "exit"},
}};

inline constexpr Names<raw::Frame::Kind, 3> kFrameKinds = {{
    {raw::Frame::Kind::Unknown, "unknown"},
    {raw::Frame::Kind::C, "c"},
    {raw::Frame::Kind::Go, "go"},
}};

inline constexpr Names<raw::Stack::End, 3> kStackEnds = {{
    {raw::Stack::End::Bottom, "bottom"},
    {raw::Stack::End::Limit, "limit"},
    {raw::Stack::End::Lost, "lost"},
}};

inline constexpr Names<raw::Stack::Entry, 5> kEntries = {{
    {raw::Stack::Entry::Unknown, "unknown"},
    {raw::Stack::Entry::Syscall, "syscall"},
    {raw::Stack::Entry::Int80, "int80"},
    {raw::Stack::Entry::Sysenter, "sysenter"},
    {raw::Stack::Entry::Vsyscall, "vsyscall"},
}};

/// Indexed by raw::NsKind; the names of the links in /proc/TID/ns.
inline constexpr std::array<std::string_view, raw::kNsKinds> kNamespaceNames = {
    "mnt", "uts", "ipc", "pid", "net", "cgroup", "user", "time"};

template <typename Enum, std::size_t N>
[[nodiscard]] constexpr std::string_view name_of(const Names<Enum, N>& names, Enum value) {
  const auto* const found =
      std::find_if(names.begin(), names.end(), [&](const auto& row) { return row.first == value; });
  return found == names.end() ? std::string_view{} : found->second;
}

template <typename Enum, std::size_t N>
[[nodiscard]] constexpr std::optional<Enum> parse_name(const Names<Enum, N>& names,
                                                       std::string_view word) {
  for (const auto& [value, name] : names) {
    if (name == word) {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace boxtrace::trace
