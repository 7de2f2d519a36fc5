// The section /linux/resources: what cgroups limit.

#include <fmt/format.h>

#include "runtime/config/sections.h"

namespace boxrun::config {
namespace {

/// A number of a device, where -1 stands for all, as Go programs write it.
std::optional<std::uint32_t> parse_device_number(const Node& node, std::string_view key) {
  const auto number = node.number<std::int64_t>(key);
  if (!number || *number == -1) {
    return std::nullopt;
  }
  if (*number < 0 || *number > 0xffffffffLL) {
    node.fail_at(key, fmt::format("{} is not a device number", *number));
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*number);
}

void parse_device_rules(const Node& resources, Resources& parsed) {
  for (const Node& node : resources.elements("devices")) {
    DeviceRule rule;
    const auto allow = node.boolean("allow");
    if (!allow) {
      node.fail_at("allow", "is required");
    }
    rule.allow = allow.value_or(false);
    const std::string type = node.text("type");
    if (type.size() > 1 ||
        (!type.empty() && std::string_view{"abc"}.find(type) == std::string::npos)) {
      node.fail_at("type", fmt::format("unknown device type \"{}\"", base::printable(type)),
                   "known are a (all), c (character) and b (block)");
    } else if (!type.empty()) {
      rule.type = type.front();
    }
    rule.major = parse_device_number(node, "major");
    rule.minor = parse_device_number(node, "minor");
    const std::string access = node.text("access");
    if (access.find_first_not_of("rwm") != std::string::npos) {
      node.fail_at("access", fmt::format("\"{}\" has letters other than r, w and m",
                                         base::printable(access)));
    }
    rule.access = access.empty() ? "rwm" : access;
    parsed.devices.push_back(rule);
  }
}

void parse_memory(const Node& resources, Resources& parsed) {
  const auto node = resources.object("memory");
  if (!node) {
    return;
  }
  parsed.memory.limit = node->number<std::int64_t>("limit");
  parsed.memory.reservation = node->number<std::int64_t>("reservation");
  parsed.memory.swap = node->number<std::int64_t>("swap");
  parsed.memory.swappiness = node->number<std::uint64_t>("swappiness");
  parsed.memory.disable_oom_killer = node->boolean("disableOOMKiller");
  if (parsed.memory.swappiness > 100) {
    node->fail_at("swappiness",
                  fmt::format("{} is not in the range from 0 to 100", *parsed.memory.swappiness));
  }
  const auto limit = parsed.memory.limit.value_or(-1);
  const auto swap = parsed.memory.swap.value_or(-1);
  if (limit > 0 && swap > 0 && swap < limit) {
    node->fail_at("swap", fmt::format("{} is below the memory limit {}", swap, limit),
                  "swap counts memory and swap together");
  }
}

void parse_cpu(const Node& resources, Resources& parsed) {
  const auto node = resources.object("cpu");
  if (!node) {
    return;
  }
  parsed.cpu.shares = node->number<std::uint64_t>("shares");
  parsed.cpu.quota = node->number<std::int64_t>("quota");
  parsed.cpu.burst = node->number<std::uint64_t>("burst");
  parsed.cpu.period = node->number<std::uint64_t>("period");
  parsed.cpu.idle = node->number<std::int64_t>("idle");
  parsed.cpu.cpus = node->text("cpus");
  parsed.cpu.mems = node->text("mems");
  for (const auto& [key, list] :
       {std::pair{"cpus", &parsed.cpu.cpus}, {"mems", &parsed.cpu.mems}}) {
    if (list->find_first_not_of("0123456789,-") != std::string::npos) {
      node->fail_at(key, fmt::format("\"{}\" is not a list such as 0-2,4", base::printable(*list)));
    }
  }
}

void parse_hugepages(const Node& resources, Resources& parsed) {
  for (const Node& node : resources.elements("hugepageLimits")) {
    const std::string size = node.required_text("pageSize");
    if (size.find_first_not_of("0123456789KMGB") != std::string::npos) {
      node.fail_at("pageSize",
                   fmt::format("\"{}\" is not a size such as 2MB or 64KB", base::printable(size)));
    }
    parsed.hugepages.push_back({size, node.required_number<std::uint64_t>("limit")});
  }
}

void note_unapplied(const Node& resources, Config& config) {
  for (const char* key : {"network", "rdma"}) {
    if (resources.field(key)) {
      config.not_applied.push_back(resources.path_of(key) + ": not applied yet");
    }
  }
  if (const auto block_io = resources.object("blockIO")) {
    for (const char* key :
         {"leafWeight", "weightDevice", "throttleReadBpsDevice", "throttleWriteBpsDevice",
          "throttleReadIOPSDevice", "throttleWriteIOPSDevice"}) {
      if (!block_io->field(key)) {
        continue;
      }
      if (std::string_view{key} == "leafWeight" || !block_io->elements(key).empty()) {
        config.not_applied.push_back(block_io->path_of(key) + ": not applied yet");
      }
    }
  }
}

}  // namespace

void parse_resources(const Node& linux_node, Config& config) {
  const auto node = linux_node.object("resources");
  if (!node) {
    return;
  }
  Resources resources;
  parse_device_rules(*node, resources);
  parse_memory(*node, resources);
  parse_cpu(*node, resources);
  if (const auto pids = node->object("pids")) {
    resources.pids_limit = pids->number<std::int64_t>("limit");
  }
  if (const auto block_io = node->object("blockIO")) {
    resources.block_io_weight = block_io->number<std::uint16_t>("weight");
  }
  parse_hugepages(*node, resources);
  for (const auto& [key, value] : node->entries("unified")) {
    if (key.find('/') != std::string::npos || key.find('.') == std::string::npos) {
      value.fail("is not the name of a cgroup file such as memory.high");
    }
    resources.unified[key] = value.as_text();
  }
  note_unapplied(*node, config);
  config.resources = std::move(resources);
}

}  // namespace boxrun::config
