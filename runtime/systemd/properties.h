#pragma once
// A container's limits as properties of a systemd unit. Pure.
//
// boxrun writes all limits into the cgroup itself. systemd is told as much of them as it has
// properties for, all the same: it shows them, and writes its own idea of a unit into the cgroup
// again, on `daemon-reload` for example. So what it is told has to be what boxrun writes or, where
// it cannot be said in its words (the order of device rules), no less.
//
// Sources: org.freedesktop.systemd1(5), systemd.resource-control(5). The newest property here is
// AllowedCPUs, of systemd 244.

#include <map>
#include <string>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/config/config.h"
#include "runtime/dbus/value.h"

namespace boxrun::systemd {

struct Property {
  std::string name;
  dbus::Value value;
};

/// @param version2  cgroup v2 is the only one on this host. Version 1 counts CPU shares in other
///                  numbers, and systemd keeps out of its cpuset.
[[nodiscard]] std::vector<Property> limit_properties(const config::Resources& resources,
                                                     bool version2);

/// DevicePolicy and DeviceAllow; none where the config has no rule. They allow at least what the
/// rules do.
[[nodiscard]] std::vector<Property> device_properties(const config::Resources& resources,
                                                      bool version2);

/// Annotations `org.systemd.property.NAME`, whose values are written in GVariant's text format.
/// NAMEs that end in `Sec` take seconds, which become `...USec`, as in unit files.
///
/// @errors  the first one that is not understood
[[nodiscard]] Result<std::vector<Property>> annotated_properties(
    const std::map<std::string, std::string>& annotations);

}  // namespace boxrun::systemd
