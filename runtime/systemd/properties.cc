#include "runtime/systemd/properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <optional>

#include "runtime/cgroup/limits.h"
#include "runtime/dbus/variant_text.h"

namespace boxrun::systemd {
namespace {

constexpr std::uint64_t kInfinity = std::numeric_limits<std::uint64_t>::max();

class List {
 public:
  void add(std::string name, dbus::Value value) {
    properties_.push_back({std::move(name), std::move(value)});
  }
  /// A negative number stands for no limit; 0 for not set.
  void add_limit(std::string name, const std::optional<std::int64_t>& limit) {
    if (limit && *limit != 0) {
      add(std::move(name),
          dbus::make_u64(*limit < 0 ? kInfinity : static_cast<std::uint64_t>(*limit)));
    }
  }
  [[nodiscard]] std::vector<Property> take() && { return std::move(properties_); }

 private:
  std::vector<Property> properties_;
};

/// `0-2,4` as a mask, the lowest bit of the first byte for number 0; nothing where it is no list.
std::optional<dbus::Value> make_mask(std::string_view list) {
  constexpr std::uint64_t kMost = 8191;
  std::vector<std::uint8_t> bytes;
  for (const std::string_view piece : base::split(list, ',')) {
    const std::string_view range = base::trim(piece);
    const auto dash = range.find('-');
    const auto first = base::parse_u64(range.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : base::parse_u64(range.substr(dash + 1));
    if (!first || !last || *first > *last || *last > kMost) {
      return std::nullopt;
    }
    bytes.resize(std::max<std::size_t>(bytes.size(), *last / 8 + 1));
    for (std::uint64_t number = *first; number <= *last; ++number) {
      bytes[number / 8] = static_cast<std::uint8_t>(bytes[number / 8] | 1U << number % 8);
    }
  }
  std::vector<dbus::Value> parts;
  parts.reserve(bytes.size());
  for (const std::uint8_t byte : bytes) {
    parts.push_back({"y", byte, {}, {}});
  }
  return dbus::make_array("y", std::move(parts));
}

void add_mask(std::string name, std::string_view list, List& properties) {
  // The kernel knows more ways to write a list: those systemd is not told of.
  if (auto mask = list.empty() ? std::nullopt : make_mask(list)) {
    properties.add(std::move(name), std::move(*mask));
  }
}

/// systemd keeps the quota as microseconds a second, in whole percents of a CPU: rounded up, so
/// that the quota itself, which boxrun writes, fits below it.
void add_cpu_time(std::int64_t quota, std::uint64_t period, List& properties) {
  constexpr std::uint64_t kDefaultPeriod = 100'000;
  constexpr std::uint64_t kPercent = 10'000;
  if (period != 0) {
    properties.add("CPUQuotaPeriodUSec", dbus::make_u64(period));
  }
  std::uint64_t each_second = kInfinity;
  if (quota > 0 && static_cast<std::uint64_t>(quota) < kInfinity / 1'000'000) {
    each_second =
        static_cast<std::uint64_t>(quota) * 1'000'000 / (period != 0 ? period : kDefaultPeriod);
    each_second = (each_second + kPercent - 1) / kPercent * kPercent;
  }
  if (quota != 0 || period != 0) {
    properties.add("CPUQuotaPerSecUSec", dbus::make_u64(each_second));
  }
}

void add_cpu(const config::Cpu& cpu, bool version2, List& properties) {
  const std::uint64_t shares = cpu.shares.value_or(0);
  if (shares != 0 && version2) {
    properties.add("CPUWeight", dbus::make_u64(cgroup::weight_of_shares(shares)));
  } else if (shares != 0) {
    properties.add("CPUShares", dbus::make_u64(std::clamp<std::uint64_t>(shares, 2, 262144)));
  }
  add_cpu_time(cpu.quota.value_or(0), cpu.period.value_or(0), properties);
  if (version2) {
    add_mask("AllowedCPUs", cpu.cpus, properties);
    add_mask("AllowedMemoryNodes", cpu.mems, properties);
  }
}

/// Files of version 2 that hold one number or `max`, and their properties.
constexpr struct {
  std::string_view file;
  const char* property;
} kNumberFiles[] = {{"memory.min", "MemoryMin"},          {"memory.low", "MemoryLow"},
                    {"memory.high", "MemoryHigh"},        {"memory.max", "MemoryMax"},
                    {"memory.swap.max", "MemorySwapMax"}, {"pids.max", "TasksMax"},
                    {"cpu.weight", "CPUWeight"}};

void add_unified(const std::map<std::string, std::string>& files, List& properties) {
  for (const auto& [file, value] : files) {
    for (const auto& known : kNumberFiles) {
      const auto number = value == "max" ? std::optional{kInfinity} : base::parse_u64(value);
      if (known.file == file && number) {
        properties.add(known.property, dbus::make_u64(*number));
      }
    }
    if (file == "cpu.max") {
      const auto words = base::split_blanks(value);
      const auto quota = words.empty() ? std::nullopt : base::parse_i64(words[0]);
      const auto period = words.size() < 2 ? std::nullopt : base::parse_u64(words[1]);
      add_cpu_time(quota.value_or(-1), period.value_or(0), properties);
    } else if (file == "cpuset.cpus") {
      add_mask("AllowedCPUs", value, properties);
    } else if (file == "cpuset.mems") {
      add_mask("AllowedMemoryNodes", value, properties);
    }
  }
}

/// How systemd.resource-control(5) names devices: `/dev/char/1:3`, `char-136` for all of a major
/// number, `char-*` for all.
std::string device_pattern(const config::DeviceRule& rule) {
  const std::string_view kind = rule.type == 'b' ? "block" : "char";
  if (!rule.major) {
    return fmt::format("{}-*", kind);
  }
  return rule.minor ? fmt::format("/dev/{}/{}:{}", kind, *rule.major, *rule.minor)
                    : fmt::format("{}-{}", kind, *rule.major);
}

/// Seconds, of whatever type, as microseconds.
std::optional<std::uint64_t> to_microseconds(const dbus::Value& value) {
  constexpr std::uint64_t kMicro = 1'000'000;
  if (value.type == "d") {
    const double micro = std::bit_cast<double>(value.number) * static_cast<double>(kMicro);
    return micro >= 0 && micro < 1.8e19 ? std::optional{static_cast<std::uint64_t>(micro)}
                                        : std::nullopt;
  }
  const bool is_signed = value.type == "n" || value.type == "i" || value.type == "x";
  const bool is_number = is_signed || value.type == "q" || value.type == "u" || value.type == "t";
  if (!is_number || (is_signed && static_cast<std::int64_t>(value.number) < 0) ||
      value.number > kInfinity / kMicro) {
    return std::nullopt;
  }
  return value.number * kMicro;
}

constexpr std::string_view kAnnotation = "org.systemd.property.";

Result<Property> annotated_property(const std::string& name, const std::string& text) {
  const bool is_name = name.size() >= 3 && std::ranges::all_of(name, [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                       });
  if (!is_name) {
    return Error{0, fmt::format("{} is not the name of a property", base::quote(name)),
                 "names are made of letters, at least three"};
  }
  TRY(dbus::Value value, dbus::parse_variant_text(text));
  constexpr std::string_view kSeconds = "Sec";
  const bool is_seconds = name.ends_with(kSeconds) && name.size() > kSeconds.size() &&
                          name[name.size() - kSeconds.size() - 1] >= 'a';
  if (!is_seconds) {
    return Property{name, std::move(value)};
  }
  const auto micro = to_microseconds(value);
  if (!micro) {
    return Error{0, fmt::format("{} is no number of seconds", base::quote(text)), {}};
  }
  return Property{name.substr(0, name.size() - kSeconds.size()) + "USec", dbus::make_u64(*micro)};
}

}  // namespace

std::vector<Property> limit_properties(const config::Resources& resources, bool version2) {
  List properties;
  const config::Memory& memory = resources.memory;
  properties.add_limit("MemoryMax", memory.limit);
  properties.add_limit("MemoryLow", memory.reservation);
  if (version2 && memory.swap && *memory.swap != 0) {
    const auto alone = cgroup::swap_alone(memory);
    properties.add("MemorySwapMax",
                   dbus::make_u64(alone < 0 ? kInfinity : static_cast<std::uint64_t>(alone)));
  }
  add_cpu(resources.cpu, version2, properties);
  properties.add_limit("TasksMax", resources.pids_limit);
  if (version2) {
    add_unified(resources.unified, properties);
  }
  return std::move(properties).take();
}

std::vector<Property> device_properties(const config::Resources& resources, bool version2) {
  if (resources.devices.empty()) {
    return {};
  }
  // Version 1 starts from what the cgroup above allows, version 2 from nothing.
  bool all = !version2;
  std::vector<dbus::Value> allowed;
  for (const cgroup::PlacedRule& placed : cgroup::all_device_rules(resources)) {
    const config::DeviceRule& rule = placed.rule;
    if (rule.type == 'a') {
      all = rule.allow;
      allowed.clear();
    } else if (rule.allow) {
      allowed.push_back(
          dbus::make_struct({dbus::make_text(device_pattern(rule)), dbus::make_text(rule.access)}));
    }
  }
  if (all) {
    allowed.clear();
  }
  List properties;
  properties.add("DevicePolicy", dbus::make_text(all ? "auto" : "strict"));
  // An empty list takes away what the unit had before; the next one adds to it.
  properties.add("DeviceAllow", dbus::make_array("(ss)", {}));
  if (!allowed.empty()) {
    properties.add("DeviceAllow", dbus::make_array("(ss)", std::move(allowed)));
  }
  return std::move(properties).take();
}

Result<std::vector<Property>> annotated_properties(
    const std::map<std::string, std::string>& annotations) {
  std::vector<Property> properties;
  for (const auto& [key, text] : annotations) {
    if (key.starts_with(kAnnotation)) {
      auto property = annotated_property(key.substr(kAnnotation.size()), text);
      if (!property.ok()) {
        return std::move(property).error().within("/annotations/" + base::printable(key));
      }
      properties.push_back(std::move(property).value());
    }
  }
  return properties;
}

}  // namespace boxrun::systemd
