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
  parsed.memory.kernel = node->number<std::int64_t>("kernel");
  parsed.memory.kernel_tcp = node->number<std::int64_t>("kernelTCP");
  parsed.memory.check_before_update = node->boolean("checkBeforeUpdate").value_or(false);
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
  parsed.cpu.realtime_runtime = node->number<std::int64_t>("realtimeRuntime");
  parsed.cpu.realtime_period = node->number<std::uint64_t>("realtimePeriod");
  parsed.cpu.cpus = node->text("cpus");
  parsed.cpu.mems = node->text("mems");
  for (const auto& [key, list] :
       {std::pair{"cpus", &parsed.cpu.cpus}, {"mems", &parsed.cpu.mems}}) {
    if (!is_number_list(*list)) {
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

std::optional<std::uint16_t> parse_weight(const Node& node, std::string_view key) {
  const auto weight = node.number<std::uint16_t>(key);
  if (weight && *weight != 0 && (*weight < 10 || *weight > 1000)) {
    node.fail_at(key, fmt::format("{} is not in the range from 10 to 1000", *weight));
  }
  return weight == 0 ? std::nullopt : weight;
}

std::vector<BlockDeviceRate> parse_rates(const Node& block_io, std::string_view key) {
  std::vector<BlockDeviceRate> rates;
  for (const Node& node : block_io.elements(key)) {
    rates.push_back({node.required_number<std::uint32_t>("major"),
                     node.required_number<std::uint32_t>("minor"),
                     node.required_number<std::uint64_t>("rate")});
  }
  return rates;
}

void parse_block_io(const Node& resources, BlockIo& parsed) {
  const auto node = resources.object("blockIO");
  if (!node) {
    return;
  }
  parsed.weight = parse_weight(*node, "weight");
  parsed.leaf_weight = parse_weight(*node, "leafWeight");
  for (const Node& device : node->elements("weightDevice")) {
    parsed.weights.push_back({device.required_number<std::uint32_t>("major"),
                              device.required_number<std::uint32_t>("minor"),
                              parse_weight(device, "weight"), parse_weight(device, "leafWeight")});
  }
  parsed.read_bytes = parse_rates(*node, "throttleReadBpsDevice");
  parsed.write_bytes = parse_rates(*node, "throttleWriteBpsDevice");
  parsed.read_operations = parse_rates(*node, "throttleReadIOPSDevice");
  parsed.write_operations = parse_rates(*node, "throttleWriteIOPSDevice");
}

void parse_network(const Node& resources, Network& parsed) {
  const auto node = resources.object("network");
  if (!node) {
    return;
  }
  parsed.class_id = node->number<std::uint32_t>("classID");
  for (const Node& priority : node->elements("priorities")) {
    const std::string name = priority.required_text("name");
    if (name.find_first_of(" \n") != std::string::npos) {
      priority.fail_at("name", "is not the name of a network interface");
    }
    parsed.priorities.emplace_back(name, priority.required_number<std::uint32_t>("priority"));
  }
}

void parse_rdma(const Node& resources, Resources& parsed) {
  for (const auto& [device, node] : resources.entries("rdma")) {
    if (device.find_first_of(" \n") != std::string::npos) {
      node.fail("is not the name of a device");
    }
    parsed.rdma.push_back({device, node.number<std::uint32_t>("hcaHandles"),
                           node.number<std::uint32_t>("hcaObjects")});
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
  parse_block_io(*node, resources.block_io);
  parse_network(*node, resources.network);
  parse_rdma(*node, resources);
  parse_hugepages(*node, resources);
  for (const auto& [key, value] : node->entries("unified")) {
    if (key.find('/') != std::string::npos || key.find('.') == std::string::npos) {
      value.fail("is not the name of a cgroup file such as memory.high");
    }
    resources.unified[key] = value.as_text();
  }
  config.resources = std::move(resources);
}

}  // namespace boxrun::config
