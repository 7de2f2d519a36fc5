#include "runtime/cgroup/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace boxrun::cgroup {
namespace {

using config::Resources;

constexpr std::string_view kBase = "/linux/resources";

std::string or_max(std::int64_t value) { return value < 0 ? "max" : std::to_string(value); }

/// Maps 2..262144 to 1..10000, the ranges of cpu.shares and cpu.weight. Documented in
/// runtime-spec config-linux.md, "cgroup v2".
std::uint64_t weight_of_shares(std::uint64_t shares) {
  const std::uint64_t clamped = std::clamp<std::uint64_t>(shares, 2, 262144);
  return 1 + (clamped - 2) * 9999 / 262142;
}

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
    const std::int64_t limit = memory.limit.value_or(0);
    const std::int64_t swap_alone = *memory.swap < 0 || limit < 0 ? -1 : *memory.swap - limit;
    lines.v2("memory/swap", "memory", "memory.swap.max", or_max(swap_alone));
  }
  if (memory.reservation) {
    lines.v1("memory/reservation", "memory", "memory.soft_limit_in_bytes",
             std::to_string(*memory.reservation));
    lines.v2("memory/reservation", "memory", "memory.low", or_max(*memory.reservation));
  }
  if (memory.swappiness) {
    lines.v1("memory/swappiness", "memory", "memory.swappiness",
             std::to_string(*memory.swappiness));
  }
  if (memory.disable_oom_killer.value_or(false)) {
    lines.v1("memory/disableOOMKiller", "memory", "memory.oom_control", "1");
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
  if ((cpu.quota && *cpu.quota != 0) || (cpu.period && *cpu.period != 0)) {
    lines.v2(cpu.quota ? "cpu/quota" : "cpu/period", "cpu", "cpu.max",
             fmt::format("{} {}", or_max(cpu.quota.value_or(0) == 0 ? -1 : *cpu.quota),
                         cpu.period.value_or(0) == 0 ? 100000 : *cpu.period));
  }
  if (cpu.burst) {
    lines.v1("cpu/burst", "cpu", "cpu.cfs_burst_us", std::to_string(*cpu.burst));
    lines.v2("cpu/burst", "cpu", "cpu.max.burst", std::to_string(*cpu.burst));
  }
  if (cpu.idle) {
    lines.v1("cpu/idle", "cpu", "cpu.idle", std::to_string(*cpu.idle));
    lines.v2("cpu/idle", "cpu", "cpu.idle", std::to_string(*cpu.idle));
  }
  for (const auto& [name, list] : {std::pair{"cpus", &cpu.cpus}, {"mems", &cpu.mems}}) {
    if (!list->empty()) {
      lines.v1(fmt::format("cpu/{}", name), "cpuset", fmt::format("cpuset.{}", name), *list);
      lines.v2(fmt::format("cpu/{}", name), "cpuset", fmt::format("cpuset.{}", name), *list);
    }
  }
}

void add_rest(const Resources& resources, Lines& lines) {
  if (resources.pids_limit && *resources.pids_limit != 0) {
    lines.v1("pids/limit", "pids", "pids.max", or_max(*resources.pids_limit));
    lines.v2("pids/limit", "pids", "pids.max", or_max(*resources.pids_limit));
  }
  if (resources.block_io_weight && *resources.block_io_weight != 0) {
    lines.v1("blockIO/weight", "blkio", "blkio.weight", std::to_string(*resources.block_io_weight),
             "blkio.bfq.weight");
    lines.v2("blockIO/weight", "io", "io.weight",
             std::to_string(io_weight(*resources.block_io_weight)), "io.bfq.weight");
  }
  for (std::size_t i = 0; i < resources.hugepages.size(); ++i) {
    const auto& page = resources.hugepages[i];
    const std::string setting = fmt::format("hugepageLimits/{}", i);
    lines.v1(setting, "hugetlb", fmt::format("hugetlb.{}.limit_in_bytes", page.page_size),
             std::to_string(page.limit));
    lines.v2(setting, "hugetlb", fmt::format("hugetlb.{}.max", page.page_size),
             std::to_string(page.limit));
  }
  for (const auto& [file, value] : resources.unified) {
    lines.v2("unified/" + file, file.substr(0, file.find('.')), file, value);
  }
}

std::string number_or_all(const std::optional<std::uint32_t>& number) {
  return number ? std::to_string(*number) : "*";
}

Limit device_line(std::string setting, bool allow, std::string value) {
  return {std::move(setting), "devices", false, allow ? "devices.allow" : "devices.deny",
          std::move(value)};
}

}  // namespace

std::vector<Limit> make_limits(const Resources& resources) {
  Lines lines;
  add_memory(resources.memory, lines);
  add_cpu(resources.cpu, lines);
  add_rest(resources, lines);
  return std::move(lines).take();
}

std::vector<Limit> make_device_limits(const Resources& resources,
                                      const std::vector<config::Device>& devices) {
  std::vector<Limit> limits;
  if (resources.devices.empty()) {
    return limits;
  }
  for (std::size_t i = 0; i < resources.devices.size(); ++i) {
    const config::DeviceRule& rule = resources.devices[i];
    limits.push_back(device_line(fmt::format("{}/devices/{}", kBase, i), rule.allow,
                                 fmt::format("{} {}:{} {}", rule.type, number_or_all(rule.major),
                                             number_or_all(rule.minor), rule.access)));
  }
  // null, zero, full, random, urandom, tty, console, ptmx, pseudoterminals; and making any node,
  // which gives no access to it.
  for (const char* line : {"c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm",
                           "c 1:9 rwm", "c 5:0 rwm", "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm"}) {
    limits.push_back(device_line("/linux/resources/devices", true, line));
  }
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (devices[i].type != config::DeviceType::Fifo) {
      limits.push_back(device_line(fmt::format("/linux/devices/{}", i), true,
                                   fmt::format("{} {}:{} rwm", static_cast<char>(devices[i].type),
                                               devices[i].major, devices[i].minor)));
    }
  }
  return limits;
}

}  // namespace boxrun::cgroup
