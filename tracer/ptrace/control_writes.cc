#include "tracer/ptrace/control_writes.h"

#include <string_view>

#include "tracer/base/text.h"

namespace boxtrace::ptrace {
namespace {

std::optional<base::HostPid> parse_pid(std::string_view text) {
  const auto value = base::parse_i64(base::trim(text));
  if (!value || *value < 0 || *value > INT32_MAX) {
    return std::nullopt;
  }
  return base::HostPid{static_cast<std::int32_t>(*value)};
}

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_id_map(std::string_view name) {
  return name == "uid_map" || name == "gid_map" || name == "setgroups";
}

bool is_membership(std::string_view name) {
  return name == "cgroup.procs" || name == "cgroup.threads" || name == "tasks";
}

/// The P of `/proc/P/...`.
std::optional<base::HostPid> pid_in_proc_path(std::string_view path) {
  constexpr std::string_view kProc = "/proc/";
  if (path.substr(0, kProc.size()) != kProc) {
    return std::nullopt;
  }
  path.remove_prefix(kProc.size());
  return parse_pid(path.substr(0, path.find('/')));
}

}  // namespace

std::optional<ControlWrite> control_write(const Tracee& writer, const CallInFlight& call,
                                          base::NsInode host_pid_ns) {
  if (call.decoded.name != "write" || call.fds.empty()) {
    return std::nullopt;
  }
  const std::string_view path = call.fds.front().target;
  const std::string_view name = file_name(path);
  const bool knows_host_pids = writer.pid_ns == host_pid_ns;
  if (is_id_map(name) && knows_host_pids) {
    const auto pid = pid_in_proc_path(path);
    return pid ? std::optional{ControlWrite{*pid,
                                            decoders::kObserveIdMaps | decoders::kObserveStatus}}
               : std::nullopt;
  }
  if (is_membership(name)) {
    const decoders::Value* text = call.decoded.arg("buf");
    const auto pid =
        text != nullptr && text->text() != nullptr ? parse_pid(*text->text()) : std::nullopt;
    if (pid && pid->value == 0) {
      return ControlWrite{writer.pid, decoders::kObserveCgroup};
    }
    return pid && knows_host_pids ? std::optional{ControlWrite{*pid, decoders::kObserveCgroup}}
                                  : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace boxtrace::ptrace
