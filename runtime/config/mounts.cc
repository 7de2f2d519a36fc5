// The section /mounts.

#include <fmt/format.h>

#include "runtime/config/mount_options.h"
#include "runtime/config/sections.h"

namespace boxrun::config {

void parse_mounts(const Node& root, Config& config) {
  for (const Node& node : root.elements("mounts")) {
    Mount mount;
    mount.destination = node.required_text("destination");
    if (!mount.destination.starts_with('/')) {
      mount.destination.insert(0, "/");  // relative ones count from the root since 1.2
    }
    mount.type = node.text("type");
    mount.source = node.text("source");
    mount.option_words = node.texts("options");
    mount.options = parse_mount_options(mount.option_words);
    mount.uid_mappings = parse_id_mappings(node, "uidMappings");
    mount.gid_mappings = parse_id_mappings(node, "gidMappings");
    if (mount.type == "bind" && !mount.is_bind()) {
      // `bind` is no filesystem; the word can only mean the flag.
      mount.options.set_flags |= parse_mount_options({"bind"}).set_flags;
    }
    if (mount.is_bind() && mount.source.empty()) {
      node.fail_at("source", "a bind mount needs the path that it shows");
    }
    if (!mount.is_bind() && mount.type.empty()) {
      node.fail_at("type", "is required", "name the filesystem, or give the option \"bind\"");
    }
    if (mount.uid_mappings.empty() != mount.gid_mappings.empty()) {
      node.fail("uidMappings and gidMappings must be given together");
    }
    if (!mount.uid_mappings.empty() && !mount.has_idmap()) {
      mount.options.idmap = true;
    }
    if (mount.has_idmap() && !mount.is_bind()) {
      node.fail("only a bind mount can be id-mapped", "add the option \"bind\" or \"rbind\"");
    }
    config.mounts.push_back(std::move(mount));
  }
}

}  // namespace boxrun::config
