#pragma once
// Resources as lines for control files. Pure.

#include <string>
#include <vector>

#include "runtime/config/config.h"

namespace boxrun::cgroup {

struct Limit {
  std::string setting;     ///< JSON path: `/linux/resources/memory/limit`
  std::string controller;  ///< `memory`
  bool version2 = false;   ///< the kind of hierarchy that has this file
  std::string file;        ///< `memory.limit_in_bytes`
  std::string value;
  std::string other_file;  ///< tried when `file` does not exist (its name depends on the scheduler)
};

/// What to write, in this order, for both versions: a host uses those lines whose controller it has
/// in that version.
[[nodiscard]] std::vector<Limit> make_limits(const config::Resources& resources);

/// Lines for devices.allow and devices.deny of version 1: the rules of the config, then what every
/// container needs (the default devices, pseudoterminals, making nodes) and its own devices.
[[nodiscard]] std::vector<Limit> make_device_limits(const config::Resources& resources,
                                                    const std::vector<config::Device>& devices);

}  // namespace boxrun::cgroup
