#include "runtime/cgroup/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "runtime/aliases.h"

namespace boxrun::cgroup {
namespace {

using config::Resources;

constexpr std::string_view kBase = "/linux/resources";

std::string or_max(std::int64_t value) { return value < 0 ? "max" : std::to_string(value); }

/// Maps 10..1000 to 1..10000, the ranges of blkio.weight and io.weight.
std::uint64_t io_weight(std::uint16_t weight) {
  const std::uint64_t clamped = std::clamp<std::uint64_t>(weight, 10, 1000);
  return 1 + (clamped - 10) * 9999 / 990;
}

class Lines {
 public:
  void v1(std::string_view setting, std::string controller, std::string file, std::string value,
          std::string other = {}) {
    add(false, setting, std::move(controller), std::move(file), std::move(value), std::move(other));
  }
  void v2(std::string_view setting, std::string controller, std::string file, std::string value,
          std::string other = {}) {
    add(true, setting, std::move(controller), std::move(file), std::move(value), std::move(other));
  }
  void both(std::string_view setting, const std::string& controller, const std::string& file,
            const std::string& value) {
    v1(setting, controller, file, value);
    v2(setting, controller, file, value);
  }
  /// Of the line that was added last.
  void if_missing(IfMissing what) { limits_.back().if_missing = what; }
  [[nodiscard]] std::vector<Limit> take() && { return std::move(limits_); }

 private:
  void add(bool version2, std::string_view setting, std::string controller, std::string file,
           std::string value, std::string other) {
    limits_.push_back({fmt::format("{}/{}", kBase, setting), std::move(controller), version2,
                       std::move(file), std::move(value), std::move(other)});
  }
  std::vector<Limit> limits_;
};

void add_memory(const config::Memory& memory, Lines& lines) {
  if (memory.limit) {
    lines.v1("memory/limit", "memory", "memory.limit_in_bytes", std::to_string(*memory.limit));
    lines.v2("memory/limit", "memory", "memory.max", or_max(*memory.limit));
  }
  if (memory.swap) {
    // After the limit: memory and swap together must not be below memory.
    lines.v1("memory/swap", "memory", "memory.memsw.limit_in_bytes", std::to_string(*memory.swap));
    lines.v2("memory/swap", "memory", "memory.swap.max", or_max(swap_alone(memory)));
  }
  if (memory.reservation) {
    lines.v1("memory/reservation", "memory", "memory.soft_limit_in_bytes",
             std::to_string(*memory.reservation));
    lines.v2("memory/reservation", "memory", "memory.low", or_max(*memory.reservation));
  }
  if (memory.swappiness) {
    lines.v1("memory/swappiness", "memory", "memory.swappiness",
             std::to_string(*memory.swappiness));
    lines.if_missing(IfMissing::Warn);
  }
  // Deprecated, and gone from newer kernels: they count kernel memory with the rest.
  if (memory.kernel && *memory.kernel != 0) {
    lines.v1("memory/kernel", "memory", "memory.kmem.limit_in_bytes",
             std::to_string(*memory.kernel));
    lines.if_missing(IfMissing::Warn);
  }
  if (memory.kernel_tcp && *memory.kernel_tcp != 0) {
    lines.v1("memory/kernelTCP", "memory", "memory.kmem.tcp.limit_in_bytes",
             std::to_string(*memory.kernel_tcp));
    lines.if_missing(IfMissing::Warn);
  }
  if (memory.disable_oom_killer.value_or(false)) {
    lines.v1("memory/disableOOMKiller", "memory", "memory.oom_control", "1");
    lines.if_missing(IfMissing::Warn);
  }
}

void add_cpu(const config::Cpu& cpu, Lines& lines) {
  if (cpu.shares && *cpu.shares != 0) {
    lines.v1("cpu/shares", "cpu", "cpu.shares", std::to_string(*cpu.shares));
    lines.v2("cpu/shares", "cpu", "cpu.weight", std::to_string(weight_of_shares(*cpu.shares)));
  }
  // The period first: a quota is checked against it.
  if (cpu.period && *cpu.period != 0) {
    lines.v1("cpu/period", "cpu", "cpu.cfs_period_us", std::to_string(*cpu.period));
  }
  if (cpu.quota && *cpu.quota != 0) {
    lines.v1("cpu/quota", "cpu", "cpu.cfs_quota_us", std::to_string(*cpu.quota));
  }
  // One file for both in version 2. It is written for each, so that each counts as applied.
  const bool has_quota = cpu.quota.value_or(0) != 0;
  const bool has_period = cpu.period.value_or(0) != 0;
  const std::string both = fmt::format("{} {}", has_quota ? or_max(*cpu.quota) : "max",
                                       has_period ? *cpu.period : 100000);
  if (has_quota) {
    lines.v2("cpu/quota", "cpu", "cpu.max", both);
  }
  if (has_period) {
    lines.v2("cpu/period", "cpu", "cpu.max", both);
  }
  if (cpu.burst) {
    lines.v1("cpu/burst", "cpu", "cpu.cfs_burst_us", std::to_string(*cpu.burst));
    lines.v2("cpu/burst", "cpu", "cpu.max.burst", std::to_string(*cpu.burst));
  }
  if (cpu.idle) {
    lines.both("cpu/idle", "cpu", "cpu.idle", std::to_string(*cpu.idle));
  }
  // The period first, as above.
  if (cpu.realtime_period && *cpu.realtime_period != 0) {
    lines.v1("cpu/realtimePeriod", "cpu", "cpu.rt_period_us", std::to_string(*cpu.realtime_period));
  }
  if (cpu.realtime_runtime && *cpu.realtime_runtime != 0) {
    lines.v1("cpu/realtimeRuntime", "cpu", "cpu.rt_runtime_us",
             std::to_string(*cpu.realtime_runtime));
  }
  for (const auto& [name, list] : {std::pair{"cpus", &cpu.cpus}, {"mems", &cpu.mems}}) {
    if (!list->empty()) {
      lines.both(fmt::format("cpu/{}", name), "cpuset", fmt::format("cpuset.{}", name), *list);
    }
  }
}

void add_rates(const std::vector<config::BlockDeviceRate>& rates, std::string_view setting,
               std::string_view v1_file, std::string_view v2_word, Lines& lines) {
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const auto& rate = rates[i];
    const std::string path = fmt::format("blockIO/{}/{}", setting, i);
    const std::string device = fmt::format("{}:{}", rate.major, rate.minor);
    lines.v1(path, "blkio", fmt::format("blkio.throttle.{}", v1_file),
             fmt::format("{} {}", device, rate.rate));
    lines.v2(path, "io", "io.max", fmt::format("{} {}={}", device, v2_word, rate.rate));
  }
}

/// Weights work only with a scheduler that knows them; BFQ's files have names of their own.
void add_block_io(const config::BlockIo& block_io, Lines& lines) {
  if (block_io.weight) {
    lines.v1("blockIO/weight", "blkio", "blkio.weight", std::to_string(*block_io.weight),
             "blkio.bfq.weight");
    lines.v2("blockIO/weight", "io", "io.weight", std::to_string(io_weight(*block_io.weight)),
             "io.bfq.weight");
  }
  if (block_io.leaf_weight) {
    lines.v1("blockIO/leafWeight", "blkio", "blkio.leaf_weight",
             std::to_string(*block_io.leaf_weight));
  }
  for (std::size_t i = 0; i < block_io.weights.size(); ++i) {
    const config::BlockDeviceWeight& one = block_io.weights[i];
    const std::string path = fmt::format("blockIO/weightDevice/{}", i);
    const std::string device = fmt::format("{}:{}", one.major, one.minor);
    if (one.weight) {
      lines.v1(path, "blkio", "blkio.weight_device", fmt::format("{} {}", device, *one.weight),
               "blkio.bfq.weight_device");
      lines.v2(path, "io", "io.weight", fmt::format("{} {}", device, io_weight(*one.weight)),
               "io.bfq.weight");
    }
    if (one.leaf_weight) {
      lines.v1(path, "blkio", "blkio.leaf_weight_device",
               fmt::format("{} {}", device, *one.leaf_weight));
    }
  }
  add_rates(block_io.read_bytes, "throttleReadBpsDevice", "read_bps_device", "rbps", lines);
  add_rates(block_io.write_bytes, "throttleWriteBpsDevice", "write_bps_device", "wbps", lines);
  add_rates(block_io.read_operations, "throttleReadIOPSDevice", "read_iops_device", "riops", lines);
  add_rates(block_io.write_operations, "throttleWriteIOPSDevice", "write_iops_device", "wiops",
            lines);
}

void add_network(const config::Network& network, Lines& lines) {
  if (network.class_id && *network.class_id != 0) {
    lines.v1("network/classID", "net_cls", "net_cls.classid", std::to_string(*network.class_id));
  }
  for (std::size_t i = 0; i < network.priorities.size(); ++i) {
    const auto& [name, priority] = network.priorities[i];
    lines.v1(fmt::format("network/priorities/{}", i), "net_prio", "net_prio.ifpriomap",
             fmt::format("{} {}", name, priority));
  }
}

void add_rdma(const std::vector<config::RdmaLimit>& limits, Lines& lines) {
  for (const config::RdmaLimit& limit : limits) {
    std::string text = limit.device;
    text += limit.handles ? fmt::format(" hca_handle={}", *limit.handles) : "";
    text += limit.objects ? fmt::format(" hca_object={}", *limit.objects) : "";
    lines.both("rdma/" + limit.device, "rdma", "rdma.max", text);
  }
}

void add_rest(const Resources& resources, Lines& lines) {
  if (resources.pids_limit && *resources.pids_limit != 0) {
    lines.both("pids/limit", "pids", "pids.max", or_max(*resources.pids_limit));
  }
  for (std::size_t i = 0; i < resources.hugepages.size(); ++i) {
    const auto& page = resources.hugepages[i];
    const std::string setting = fmt::format("hugepageLimits/{}", i);
    lines.v1(setting, "hugetlb", fmt::format("hugetlb.{}.limit_in_bytes", page.page_size),
             std::to_string(page.limit));
    lines.v2(setting, "hugetlb", fmt::format("hugetlb.{}.max", page.page_size),
             std::to_string(page.limit));
    // What is reserved counts too, where the kernel can count it.
    lines.v1(setting, "hugetlb", fmt::format("hugetlb.{}.rsvd.limit_in_bytes", page.page_size),
             std::to_string(page.limit));
    lines.if_missing(IfMissing::Ignore);
    lines.v2(setting, "hugetlb", fmt::format("hugetlb.{}.rsvd.max", page.page_size),
             std::to_string(page.limit));
    lines.if_missing(IfMissing::Ignore);
  }
  for (const auto& [file, value] : resources.unified) {
    lines.v2("unified/" + file, file.substr(0, file.find('.')), file, value);
  }
}

std::string number_or_all(const std::optional<std::uint32_t>& number) {
  return number ? std::to_string(*number) : "*";
}

/// Making a node gives no access to it; 136 are the pseudoterminals. Source: runtime-spec
/// config-linux.md, "Default Devices"; Documentation/admin-guide/devices.txt.
constexpr struct {
  char type;
  int major;
  int minor;  ///< -1 for all, as in `major`
  const char* access;
} kAlwaysAllowed[] = {{'c', -1, -1, "m"}, {'b', -1, -1, "m"},   {'c', 1, 3, "rwm"},
                      {'c', 1, 5, "rwm"}, {'c', 1, 7, "rwm"},   {'c', 1, 8, "rwm"},
                      {'c', 1, 9, "rwm"}, {'c', 5, 0, "rwm"},   {'c', 5, 1, "rwm"},
                      {'c', 5, 2, "rwm"}, {'c', 136, -1, "rwm"}};

std::optional<std::uint32_t> number_or_none(int number) {
  return number < 0 ? std::nullopt : std::optional{static_cast<std::uint32_t>(number)};
}

}  // namespace

std::uint64_t weight_of_shares(std::uint64_t shares) {
  const std::uint64_t clamped = std::clamp<std::uint64_t>(shares, 2, 262144);
  return 1 + (clamped - 2) * 9999 / 262142;
}

std::int64_t swap_alone(const config::Memory& memory) {
  const std::int64_t limit = memory.limit.value_or(0);
  const std::int64_t both = memory.swap.value_or(-1);
  return both < 0 || limit < 0 ? -1 : both - limit;
}

std::vector<Limit> make_limits(const Resources& resources) {
  Lines lines;
  add_memory(resources.memory, lines);
  add_cpu(resources.cpu, lines);
  add_block_io(resources.block_io, lines);
  add_network(resources.network, lines);
  add_rdma(resources.rdma, lines);
  add_rest(resources, lines);
  return std::move(lines).take();
}

std::string value_to_restore(const Limit& limit, std::string_view text) {
  const std::string_view whole = base::trim(text);
  const auto line_of = [whole](std::string_view key) {
    for (const std::string_view line : base::split(whole, '\n')) {
      if (line.starts_with(key) && line.substr(key.size()).starts_with(' ')) {
        return base::trim(line);
      }
    }
    return std::string_view{};
  };
  if (limit.file == "memory.oom_control") {
    return std::string{base::trim(line_of("oom_kill_disable").substr(16))};
  }
  if (const std::string_view line = line_of("default");
      !line.empty() && limit.value.find(' ') == std::string::npos) {
    return std::string{line};
  }
  if (limit.value.find(' ') == std::string::npos || limit.file == "cpu.max") {
    return whole.empty() ? "\n" : std::string{whole};
  }
  // A line for each device, and none where it has no limit.
  const auto words = base::split_blanks(limit.value);
  if (const std::string_view line = line_of(words.front()); !line.empty()) {
    return std::string{line};
  }
  std::string value{words.front()};
  for (const std::string_view word : std::span{words}.subspan(1)) {
    const auto equals = word.find('=');
    value += equals != std::string_view::npos ? fmt::format(" {}=max", word.substr(0, equals))
             : limit.version2                 ? " default"
                                              : " 0";
  }
  return value;
}

std::vector<PlacedRule> all_device_rules(const Resources& resources) {
  std::vector<PlacedRule> rules;
  for (std::size_t i = 0; i < resources.devices.size(); ++i) {
    rules.push_back({fmt::format("{}/devices/{}", kBase, i), resources.devices[i]});
  }
  for (const auto& entry : kAlwaysAllowed) {
    rules.push_back({"/linux/resources/devices",
                     {true, entry.type, number_or_none(entry.major), number_or_none(entry.minor),
                      entry.access}});
  }
  return rules;
}

std::vector<Limit> make_device_limits(const Resources& resources) {
  std::vector<Limit> limits;
  if (resources.devices.empty()) {
    return limits;
  }
  for (const PlacedRule& placed : all_device_rules(resources)) {
    const config::DeviceRule& rule = placed.rule;
    limits.push_back({placed.setting,
                      "devices",
                      false,
                      rule.allow ? "devices.allow" : "devices.deny",
                      fmt::format("{} {}:{} {}", rule.type, number_or_all(rule.major),
                                  number_or_all(rule.minor), rule.access),
                      {}});
  }
  return limits;
}

}  // namespace boxrun::cgroup
