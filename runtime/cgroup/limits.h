#pragma once
// Resources as lines for control files. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/config/config.h"

namespace boxrun::cgroup {

/// What becomes of a limit whose file the kernel does not have.
enum class IfMissing : std::uint8_t { Refuse, Warn, Ignore };

struct Limit {
  std::string setting;     ///< JSON path: `/linux/resources/memory/limit`
  std::string controller;  ///< `memory`
  bool version2 = false;   ///< the kind of hierarchy that has this file
  std::string file;        ///< `memory.limit_in_bytes`
  std::string value;
  std::string other_file;  ///< tried when `file` does not exist (its name depends on the scheduler)
  IfMissing if_missing = IfMissing::Refuse;
};

/// What to write, in this order, for both versions: a host uses those lines whose controller it has
/// in that version.
[[nodiscard]] std::vector<Limit> make_limits(const config::Resources& resources);

/// What to write to the file of `limit` so that it says again what it says now, which is `text`.
/// Many files are read in another form than they are written.
[[nodiscard]] std::string value_to_restore(const Limit& limit, std::string_view text);

/// Maps 2..262144 to 1..10000, the ranges of cpu.shares and cpu.weight. Documented in
/// runtime-spec config-linux.md, "cgroup v2".
[[nodiscard]] std::uint64_t weight_of_shares(std::uint64_t shares);

/// Version 2 counts swap without memory; -1 for no limit.
[[nodiscard]] std::int64_t swap_alone(const config::Memory& memory);

/// A rule with the JSON path that asked for it.
struct PlacedRule {
  std::string setting;
  config::DeviceRule rule;
};

/// The rules of the config, then what every container needs (the default devices, pseudoterminals,
/// making nodes). The last one that matches counts. That a device is listed in /linux/devices makes
/// a node and no rule, as with other runtimes.
[[nodiscard]] std::vector<PlacedRule> all_device_rules(const config::Resources& resources);

/// The same as lines for devices.allow and devices.deny of version 1; none where the config has no
/// rule.
[[nodiscard]] std::vector<Limit> make_device_limits(const config::Resources& resources);

}  // namespace boxrun::cgroup
