#include "decoders/bpf/outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tracer/base/error_text.h"
#include "tracer/base/text.h"

namespace boxtrace::bpf {
namespace {

struct Row {
  std::uint32_t action;
  std::string_view name;     ///< without SECCOMP_RET_
  std::string_view profile;  ///< libseccomp's and the OCI's word
  bool has_data;
};

constexpr std::array kRows = {
    Row{kKillProcess, "KILL_PROCESS", "SCMP_ACT_KILL_PROCESS", false},
    Row{kKillThread, "KILL_THREAD", "SCMP_ACT_KILL_THREAD", false},
    Row{kTrap, "TRAP", "SCMP_ACT_TRAP", true},
    Row{kErrno, "ERRNO", "SCMP_ACT_ERRNO", true},
    Row{kUserNotif, "USER_NOTIF", "SCMP_ACT_NOTIFY", false},
    Row{kTrace, "TRACE", "SCMP_ACT_TRACE", true},
    Row{kLog, "LOG", "SCMP_ACT_LOG", false},
    Row{kAllow, "ALLOW", "SCMP_ACT_ALLOW", false},
};

const Row* find_row(std::uint32_t result) {
  const auto* const row = std::find_if(kRows.begin(), kRows.end(), [result](const Row& candidate) {
    return candidate.action == (result & kActionMask);
  });
  return row == kRows.end() ? nullptr : row;
}

std::optional<std::uint32_t> parse_data(std::uint32_t action, std::string_view text) {
  if (action == kErrno) {
    const int err = base::parse_errno(text);
    if (err != 0) {
      return static_cast<std::uint32_t>(err);
    }
  }
  const auto number = base::parse_u64(text);
  const std::uint64_t limit = action == kErrno ? kMaxErrno : kDataMask;
  return number && *number <= limit ? std::optional(static_cast<std::uint32_t>(*number))
                                    : std::nullopt;
}

}  // namespace

bool is_known_action(std::uint32_t result) { return find_row(result) != nullptr; }

std::uint32_t ranked(std::uint32_t result) {
  const Row* row = find_row(result);
  if (row == nullptr || !row->has_data) {
    return result & kActionMask;
  }
  return row->action == kErrno ? row->action | std::min(result & kDataMask, kMaxErrno) : result;
}

std::uint32_t effective(std::uint32_t result) {
  return is_known_action(result) ? ranked(result) : std::uint32_t{kKillProcess};
}

bool overrides(std::uint32_t older, std::uint32_t newer) {
  return static_cast<std::int32_t>(newer & kActionMask) <=
         static_cast<std::int32_t>(older & kActionMask);
}

std::uint32_t combine(std::uint32_t older, std::uint32_t newer) {
  return overrides(older, newer) ? newer : older;
}

std::string render_outcome(std::uint32_t result) {
  const Row* row = find_row(result);
  if (row == nullptr) {
    return fmt::format("0x{:08x}", result);
  }
  if (!row->has_data) {
    return std::string(row->name);
  }
  const std::uint32_t number = result & kDataMask;
  const std::string_view name =
      row->action == kErrno ? base::errno_name(static_cast<int>(number)) : std::string_view{};
  return name.empty() ? fmt::format("{}({})", row->name, number)
                      : fmt::format("{}({})", row->name, name);
}

std::optional<std::uint32_t> parse_outcome(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::string_view word = text.substr(0, open);
  for (const Row& row : kRows) {
    if (row.name != word && row.profile != word) {
      continue;
    }
    if (open == std::string_view::npos) {
      return row.has_data ? std::nullopt : std::optional(row.action);
    }
    if (!row.has_data || !text.ends_with(')')) {
      return std::nullopt;
    }
    const auto data = parse_data(row.action, text.substr(open + 1, text.size() - open - 2));
    return data ? std::optional(row.action | *data) : std::nullopt;
  }
  return std::nullopt;
}

std::string_view profile_word(std::uint32_t result) {
  const Row* row = find_row(result);
  return row == nullptr ? std::string_view{} : row->profile;
}

std::optional<std::uint32_t> parse_profile_word(std::string_view word) {
  if (word == "SCMP_ACT_KILL") {  // the old word for the thread
    return kKillThread;
  }
  const auto* const row = std::find_if(kRows.begin(), kRows.end(), [word](const Row& candidate) {
    return candidate.profile == word;
  });
  return row == kRows.end() ? std::nullopt : std::optional(row->action);
}

}  // namespace boxtrace::bpf
