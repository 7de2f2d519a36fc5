#include "tracer/ptrace/proc_text.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tracer/base/procfs_text.h"
#include "tracer/base/text.h"

namespace boxtrace::ptrace {
namespace {

std::vector<base::NsPid> parse_pids(std::string_view text) {
  std::vector<base::NsPid> pids;
  for (const std::uint64_t number : base::parse_number_list(text)) {
    pids.push_back(base::NsPid{static_cast<std::int32_t>(number)});
  }
  return pids;
}

std::array<std::uint32_t, 4> parse_four_ids(std::string_view text) {
  std::array<std::uint32_t, 4> ids{};
  const std::vector<std::uint64_t> numbers = base::parse_number_list(text);
  for (std::size_t i = 0; i < ids.size() && i < numbers.size(); ++i) {
    ids.at(i) = static_cast<std::uint32_t>(numbers[i]);
  }
  return ids;
}

std::uint64_t parse_caps(std::string_view text) { return base::parse_hex_mask(text).value_or(0); }

int parse_count(std::string_view text) {
  return static_cast<int>(base::parse_u64(text).value_or(0));
}

void apply_status_line(raw::Status& status, std::string_view name, std::string_view value) {
  if (name == "NStgid") {
    status.ns_tgid = parse_pids(value);
  } else if (name == "NSpid") {
    status.ns_pid = parse_pids(value);
  } else if (name == "Uid") {
    status.uid = parse_four_ids(value);
  } else if (name == "Gid") {
    status.gid = parse_four_ids(value);
  } else if (name == "Groups") {
    for (const std::uint64_t group : base::parse_number_list(value)) {
      status.groups.push_back(static_cast<std::uint32_t>(group));
    }
  } else if (name == "CapInh") {
    status.cap_inh = parse_caps(value);
  } else if (name == "CapPrm") {
    status.cap_prm = parse_caps(value);
  } else if (name == "CapEff") {
    status.cap_eff = parse_caps(value);
  } else if (name == "CapBnd") {
    status.cap_bnd = parse_caps(value);
  } else if (name == "CapAmb") {
    status.cap_amb = parse_caps(value);
  } else if (name == "NoNewPrivs") {
    status.no_new_privs = value == "1";
  } else if (name == "Seccomp") {
    status.seccomp_mode = parse_count(value);
  } else if (name == "Seccomp_filters") {
    status.seccomp_filters = parse_count(value);
  }
}

constexpr std::string_view kNameLabel = "Name:\t";

/// `\n` and `\\`, which proc_task_name() in fs/proc/array.c makes of newlines and backslashes.
std::string undo_name_escapes(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 1 < text.size();
    const char next = escaped ? text[++i] : text[i];
    plain.push_back(escaped && next == 'n' ? '\n' : next);
  }
  return plain;
}

// fs/proc/base.c: lnames.
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kLimitNames{{
    {"Max cpu time", "RLIMIT_CPU"},
    {"Max file size", "RLIMIT_FSIZE"},
    {"Max data size", "RLIMIT_DATA"},
    {"Max stack size", "RLIMIT_STACK"},
    {"Max core file size", "RLIMIT_CORE"},
    {"Max resident set", "RLIMIT_RSS"},
    {"Max processes", "RLIMIT_NPROC"},
    {"Max open files", "RLIMIT_NOFILE"},
    {"Max locked memory", "RLIMIT_MEMLOCK"},
    {"Max address space", "RLIMIT_AS"},
    {"Max file locks", "RLIMIT_LOCKS"},
    {"Max pending signals", "RLIMIT_SIGPENDING"},
    {"Max msgqueue size", "RLIMIT_MSGQUEUE"},
    {"Max nice priority", "RLIMIT_NICE"},
    {"Max realtime priority", "RLIMIT_RTPRIO"},
    {"Max realtime timeout", "RLIMIT_RTTIME"},
}};

}  // namespace

raw::Status parse_status(std::string_view text) {
  raw::Status status;
  for (const std::string_view line : base::split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (line.substr(0, kNameLabel.size()) == kNameLabel) {
      status.comm = undo_name_escapes(line.substr(kNameLabel.size()));
    } else if (colon != std::string_view::npos) {
      apply_status_line(status, line.substr(0, colon), base::trim(line.substr(colon + 1)));
    }
  }
  return status;
}

std::map<std::string, std::string> parse_rlimits(std::string_view text) {
  std::map<std::string, std::string> limits;
  for (auto& row : base::parse_limits(text)) {
    const auto* known = std::find_if(kLimitNames.begin(), kLimitNames.end(),
                                     [&row](const auto& name) { return name.first == row.first; });
    limits[known != kLimitNames.end() ? std::string{known->second} : row.first] =
        std::move(row.second);
  }
  return limits;
}

std::uint64_t parse_file_capabilities(base::ByteView attribute) {
  // A magic word, then the permitted and inheritable sets, in one or two pairs of 32 bits. The
  // third revision also names the user namespace that it counts in; the kernel shows it to us as
  // the second where that is ours. security/commoncap.c: cap_inode_getsecurity().
  constexpr std::uint32_t kRevision = 0xff000000;
  constexpr std::uint32_t kFirst = 0x01000000;
  constexpr std::uint32_t kSecond = 0x02000000;
  const auto word = [&](std::size_t index) {
    return base::read_le<std::uint32_t>(attribute, index * sizeof(std::uint32_t)).value_or(0);
  };
  const std::uint32_t revision = word(0) & kRevision;
  const std::uint64_t low = revision == kFirst || revision == kSecond ? word(1) : 0;
  const std::uint64_t high = revision == kSecond ? word(3) : 0;
  return low | (high << 32U);
}

std::vector<std::string> parse_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (const std::string_view line : base::split(text, '\n')) {
    if (!line.empty()) {
      lines.emplace_back(line);
    }
  }
  return lines;
}

}  // namespace boxtrace::ptrace
