// Settings that need another setting. Each of these would otherwise fail in the middle of creating
// the container or, worse, succeed on the host.

#include <fmt/format.h>

#include "runtime/config/names.h"
#include "runtime/config/sections.h"

namespace boxrun::config {
namespace {

void need_namespace(const Node& root, const Config& config, NamespaceKind kind,
                    const std::string& key, bool is_used) {
  if (is_used && config.find_namespace(kind) == nullptr) {
    root.fail_at(
        key, fmt::format("needs a {} namespace, or it would change the host", name_of(kind).word),
        fmt::format("add {{\"type\": \"{}\"}} to /linux/namespaces", name_of(kind).word));
  }
}

void check_user_namespace(const Node& linux_node, const Config& config) {
  if (config.has_new(NamespaceKind::User)) {
    for (const auto& [key, mappings] :
         {std::pair{"uidMappings", &config.uid_mappings}, {"gidMappings", &config.gid_mappings}}) {
      if (mappings->empty()) {
        linux_node.fail_at(
            key,
            "a new user namespace needs a mapping: without one the container's "
            "root is nobody",
            "for example [{\"containerID\": 0, \"hostID\": 100000, \"size\": 65536}]");
      }
    }
  } else if (!config.uid_mappings.empty() && !config.has_joined(NamespaceKind::User)) {
    linux_node.fail_at("uidMappings", "mappings need a user namespace",
                       "add {\"type\": \"user\"} to /linux/namespaces");
  }
}

/// Two settings of one name: what counts would depend on the order in which they are applied.
void check_names(const Node& linux_node, const Config& config) {
  for (const auto& [key, value] : config.sysctl) {
    const bool is_host = key == "kernel.hostname";
    const std::string& name = is_host ? config.hostname : config.domainname;
    if ((is_host || key == "kernel.domainname") && !name.empty() && value != name) {
      linux_node.fail_at("sysctl",
                         fmt::format("{}: {} contradicts /{}: {}", key, base::quote(value),
                                     is_host ? "hostname" : "domainname", base::quote(name)),
                         "leave one of them out");
    }
  }
}

/// Mounts of a container without a mount namespace of its own would be mounts of the host, or of
/// the container whose namespace it joins.
void leave_out_mounts(Config& config) {
  if (!config.mounts.empty() && !config.has_new(NamespaceKind::Mount)) {
    config.not_applied.push_back(fmt::format(
        "/mounts: not applied: without a new mount namespace they would be mounts of {}",
        config.has_joined(NamespaceKind::Mount) ? "the namespace that is joined" : "the host"));
  }
}

}  // namespace

void check_consistency(const Node& root, Config& config) {
  need_namespace(root, config, NamespaceKind::Uts, "hostname", !config.hostname.empty());
  need_namespace(root, config, NamespaceKind::Uts, "domainname", !config.domainname.empty());
  leave_out_mounts(config);
  const auto linux_node = root.object("linux");
  if (!linux_node) {
    return;
  }
  need_namespace(*linux_node, config, NamespaceKind::Mount, "maskedPaths",
                 !config.masked_paths.empty());
  need_namespace(*linux_node, config, NamespaceKind::Mount, "readonlyPaths",
                 !config.readonly_paths.empty());
  need_namespace(*linux_node, config, NamespaceKind::Network, "netDevices",
                 !config.net_devices.empty());
  need_namespace(*linux_node, config, NamespaceKind::Time, "timeOffsets",
                 !config.time_offsets.empty());
  if (config.has_joined(NamespaceKind::Time) && !config.time_offsets.empty()) {
    linux_node->fail_at("timeOffsets", "the offsets of a joined time namespace are fixed");
  }
  check_user_namespace(*linux_node, config);
  check_names(*linux_node, config);
}

}  // namespace boxrun::config
