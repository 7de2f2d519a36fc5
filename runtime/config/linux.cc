// The section /linux, except resources and seccomp.

#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <limits>

#include "runtime/config/names.h"
#include "runtime/config/sections.h"

namespace boxrun::config {
namespace {

void parse_namespaces(const Node& linux_node, Config& config) {
  for (const Node& node : linux_node.elements("namespaces")) {
    const std::string word = node.required_text("type");
    const auto kind = parse_namespace(word);
    if (!kind) {
      node.fail_at("type", fmt::format("unknown namespace \"{}\"", base::printable(word)),
                   suggest(word, namespace_words()));
      continue;
    }
    if (config.find_namespace(*kind) != nullptr) {
      node.fail_at("type", fmt::format("the {} namespace is listed twice", word));
    }
    const std::string path = node.text("path");
    if (!path.empty()) {
      check_absolute(node, "path", path);
    }
    config.namespaces.push_back({*kind, path});
  }
}

void parse_time_offsets(const Node& linux_node, Config& config) {
  for (const auto& [clock, node] : linux_node.entries("timeOffsets")) {
    if (clock != "monotonic" && clock != "boottime") {
      node.fail(
          fmt::format("the clock \"{}\" has no offset in a time namespace", base::printable(clock)),
          "the kernel shifts \"monotonic\" and \"boottime\"");
    }
    const TimeOffset offset{clock, node.number<std::int64_t>("secs").value_or(0),
                            node.number<std::uint32_t>("nanosecs").value_or(0)};
    if (offset.nanoseconds > 999'999'999) {
      node.fail_at("nanosecs", fmt::format("{} is a second or more", offset.nanoseconds));
    }
    config.time_offsets.push_back(offset);
  }
}

DeviceType parse_device_type(const Node& node) {
  const std::string word = node.required_text("type");
  if (word == "b") {
    return DeviceType::Block;
  }
  if (word == "p") {
    return DeviceType::Fifo;
  }
  if (word != "c" && word != "u") {
    node.fail_at("type", fmt::format("unknown device type \"{}\"", base::printable(word)),
                 "known are c (character), b (block), u (unbuffered character) and p (fifo)");
  }
  return DeviceType::Char;
}

void parse_devices(const Node& linux_node, Config& config) {
  for (const Node& node : linux_node.elements("devices")) {
    Device device;
    device.path = node.required_text("path");
    check_absolute(node, "path", device.path);
    device.type = parse_device_type(node);
    if (device.type != DeviceType::Fifo) {
      // -1 would be a wildcard, which only the list of allowed devices knows.
      device.major = node.required_number<std::uint32_t>("major");
      device.minor = node.required_number<std::uint32_t>("minor");
    }
    device.mode = node.number<std::uint32_t>("fileMode").value_or(0666);
    device.uid = node.number<std::uint32_t>("uid").value_or(0);
    device.gid = node.number<std::uint32_t>("gid").value_or(0);
    for (std::size_t i = 0; i < config.devices.size(); ++i) {
      if (config.devices[i].path == device.path) {
        node.fail_at("path", fmt::format("{} is made by /linux/devices/{} already",
                                         base::printable(device.path), i));
      }
    }
    config.devices.push_back(std::move(device));
  }
}

/// Only keys that a namespace of the container owns: any other one would change the host.
/// Source: runtime-spec config-linux.md, Sysctl; kernel/utsname_sysctl.c, ipc/ipc_sysctl.c.
std::optional<NamespaceKind> owner_of_sysctl(std::string_view key) {
  constexpr std::string_view kIpcKeys[] = {
      "kernel.msgmax",      "kernel.msgmnb",      "kernel.msgmni",      "kernel.sem",
      "kernel.shmall",      "kernel.shmmax",      "kernel.shmmni",      "kernel.shm_rmid_forced",
      "kernel.msg_next_id", "kernel.sem_next_id", "kernel.shm_next_id", "kernel.auto_msgmni"};
  for (const std::string_view ipc : kIpcKeys) {
    if (key == ipc) {
      return NamespaceKind::Ipc;
    }
  }
  if (key.starts_with("fs.mqueue.")) {
    return NamespaceKind::Ipc;
  }
  if (key == "kernel.domainname" || key == "kernel.hostname") {
    return NamespaceKind::Uts;
  }
  if (key.starts_with("net.")) {
    return NamespaceKind::Network;
  }
  return std::nullopt;
}

void parse_sysctl(const Node& linux_node, Config& config) {
  for (const auto& [written, node] : linux_node.entries("sysctl")) {
    // Both spellings exist: net.ipv4.ip_forward, and net/ipv4/ip_forward for names with dots.
    std::string key = written;
    const bool slashes = written.find('/') < written.find('.');
    if (slashes) {
      for (char& c : key) {
        c = c == '/' ? '.' : c == '.' ? '/' : c;
      }
    }
    const std::string value = node.as_text();
    const auto owner = owner_of_sysctl(key);
    const bool climbs = written.find("..") != std::string::npos || key.starts_with('.') ||
                        key.ends_with('.') || value.find('\n') != std::string::npos;
    if (climbs) {
      node.fail("is not a sysctl key with a one-line value");
    } else if (!owner) {
      node.fail("is not a setting of a namespace: it would change the host",
                "only net.*, fs.mqueue.*, kernel.hostname, kernel.domainname and the System V IPC "
                "keys belong to a container");
    } else if (config.find_namespace(*owner) == nullptr) {
      node.fail(fmt::format("needs a {} namespace of the container's own, or it would change the "
                            "host",
                            name_of(*owner).word),
                fmt::format("add {{\"type\": \"{}\"}} to /linux/namespaces", name_of(*owner).word));
    }
    config.sysctl.emplace_back(key, value);
  }
}

void parse_path_list(const Node& linux_node, std::string_view key,
                     std::vector<std::string>& paths) {
  for (const Node& node : linux_node.elements(key)) {
    paths.push_back(node.as_text());
    if (!paths.back().starts_with('/')) {
      node.fail(fmt::format("\"{}\" is not an absolute path", base::printable(paths.back())));
    }
  }
}

/// Source: net/core/dev.c: dev_valid_name().
bool is_device_name(std::string_view name) {
  return !name.empty() && name.size() <= 15 && name != "." && name != ".." &&
         name.find_first_of("/: \t\n\v\f\r") == std::string_view::npos;
}

void parse_network_devices(const Node& linux_node, Config& config) {
  for (const auto& [host_name, node] : linux_node.entries("netDevices")) {
    const NetDevice device{host_name, node.text("name")};
    for (const std::string& name : {device.host_name, device.name}) {
      if (!name.empty() && !is_device_name(name)) {
        node.fail(fmt::format("\"{}\" is no name of a network device", base::printable(name)),
                  "at most 15 bytes, without blanks, / and :");
      }
    }
    config.net_devices.push_back(device);
  }
}

}  // namespace

std::vector<IdMapping> parse_id_mappings(const Node& owner, std::string_view key) {
  std::vector<IdMapping> mappings;
  for (const Node& node : owner.elements(key)) {
    const IdMapping mapping{node.required_number<std::uint32_t>("containerID"),
                            node.required_number<std::uint32_t>("hostID"),
                            node.required_number<std::uint32_t>("size")};
    if (mapping.size == 0) {
      node.fail_at("size", "a mapping of 0 ids maps nothing");
    }
    const auto overlaps = [](std::uint64_t a, std::uint64_t a_size, std::uint64_t b,
                             std::uint64_t b_size) { return a < b + b_size && b < a + a_size; };
    for (std::size_t i = 0; i < mappings.size(); ++i) {
      if (overlaps(mapping.container_id, mapping.size, mappings[i].container_id,
                   mappings[i].size) ||
          overlaps(mapping.host_id, mapping.size, mappings[i].host_id, mappings[i].size)) {
        node.fail(fmt::format("overlaps {}/{}", owner.path_of(key), i));
      }
    }
    mappings.push_back(mapping);
  }
  return mappings;
}

void parse_linux(const Node& root, Config& config) {
  const auto node = root.object("linux");
  if (!node) {
    return;
  }
  parse_namespaces(*node, config);
  config.uid_mappings = parse_id_mappings(*node, "uidMappings");
  config.gid_mappings = parse_id_mappings(*node, "gidMappings");
  parse_time_offsets(*node, config);
  parse_devices(*node, config);
  config.cgroups_path = node->text("cgroupsPath");
  for (const std::string_view part : base::split(config.cgroups_path, '/')) {
    if (part == "..") {
      node->fail_at("cgroupsPath", "must not contain \"..\"");
    }
  }
  parse_resources(*node, config);
  const std::string propagation = node->text("rootfsPropagation");
  if (!propagation.empty()) {
    const auto flags = parse_rootfs_propagation(propagation);
    if (!flags) {
      node->fail_at("rootfsPropagation",
                    fmt::format("unknown propagation \"{}\"", base::printable(propagation)),
                    suggest(propagation, {"shared", "slave", "private", "unbindable"}));
    }
    config.rootfs_propagation = flags.value_or(0);
  }
  parse_sysctl(*node, config);
  parse_seccomp(*node, config);
  parse_path_list(*node, "maskedPaths", config.masked_paths);
  parse_path_list(*node, "readonlyPaths", config.readonly_paths);
  parse_execution_domain(*node, config);
  config.mount_label = node->text("mountLabel");
  parse_intel_rdt(*node, config);
  parse_network_devices(*node, config);
}

}  // namespace boxrun::config
