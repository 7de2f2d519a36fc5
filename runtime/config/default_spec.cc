#include "runtime/config/default_spec.h"

#include <nlohmann/json.hpp>

namespace boxrun::config {
namespace {

using nlohmann::ordered_json;

ordered_json mount(const char* destination, const char* type, const char* source,
                   const std::vector<std::string>& options) {
  ordered_json entry = {{"destination", destination}, {"type", type}, {"source", source}};
  if (!options.empty()) {
    entry["options"] = options;
  }
  return entry;
}

ordered_json make_mounts(bool rootless) {
  // A user namespace of one id has no group 5.
  std::vector<std::string> pts = {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"};
  if (!rootless) {
    pts.emplace_back("gid=5");
  }
  ordered_json mounts = {
      mount("/proc", "proc", "proc", {}),
      mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount("/dev/pts", "devpts", "devpts", pts),
      mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
      mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
  };
  if (rootless) {
    // sysfs shows the network namespace of its mounter; without one of our own it is refused.
    mounts.push_back(mount("/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"}));
  } else {
    mounts.push_back(mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}));
    mounts.push_back(mount("/sys/fs/cgroup", "cgroup", "cgroup",
                           {"nosuid", "noexec", "nodev", "relatime", "ro"}));
  }
  return mounts;
}

ordered_json make_linux(const SpecRequest& request) {
  ordered_json section;
  std::vector<std::string> kinds = {"pid", "ipc", "uts", "mount"};
  if (request.cgroup_namespace) {
    kinds.emplace_back("cgroup");
  }
  if (request.rootless) {
    kinds.insert(kinds.begin(), "user");
    section["uidMappings"] = {{{"containerID", 0}, {"hostID", request.rootless->uid}, {"size", 1}}};
    section["gidMappings"] = {{{"containerID", 0}, {"hostID", request.rootless->gid}, {"size", 1}}};
  } else {
    kinds.insert(kinds.begin() + 1, "network");
    section["resources"] = {{"devices", {{{"allow", false}, {"access", "rwm"}}}}};
  }
  section["namespaces"] = ordered_json::array();
  for (const std::string& kind : kinds) {
    section["namespaces"].push_back({{"type", kind}});
  }
  section["maskedPaths"] = {"/proc/acpi",        "/proc/asound",        "/proc/kcore",
                            "/proc/keys",        "/proc/latency_stats", "/proc/timer_list",
                            "/proc/timer_stats", "/proc/sched_debug",   "/proc/scsi",
                            "/sys/firmware"};
  section["readonlyPaths"] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                              "/proc/sysrq-trigger"};
  return section;
}

}  // namespace

std::string render_default_spec(const SpecRequest& request) {
  const std::vector<std::string> capabilities = {"CAP_AUDIT_WRITE", "CAP_KILL",
                                                 "CAP_NET_BIND_SERVICE"};
  const ordered_json document = {
      {"ociVersion", "1.0.2"},
      {"process",
       {{"terminal", request.terminal},
        {"user", {{"uid", 0}, {"gid", 0}}},
        {"args", request.args},
        {"env",
         {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"}},
        {"cwd", "/"},
        {"capabilities",
         {{"bounding", capabilities}, {"effective", capabilities}, {"permitted", capabilities}}},
        {"rlimits", {{{"type", "RLIMIT_NOFILE"}, {"hard", 1024}, {"soft", 1024}}}},
        {"noNewPrivileges", true}}},
      {"root", {{"path", "rootfs"}, {"readonly", true}}},
      {"hostname", request.hostname},
      {"mounts", make_mounts(request.rootless.has_value())},
      {"linux", make_linux(request)}};
  return document.dump(2) + "\n";
}

}  // namespace boxrun::config
