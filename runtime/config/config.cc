#include "runtime/config/config.h"

#include <sys/mount.h>

namespace boxrun::config {

bool Mount::is_bind() const { return (options.set_flags & MS_BIND) != 0; }

const Namespace* Config::find_namespace(NamespaceKind kind) const {
  for (const Namespace& space : namespaces) {
    if (space.kind == kind) {
      return &space;
    }
  }
  return nullptr;
}

bool Config::has_new(NamespaceKind kind) const {
  const Namespace* space = find_namespace(kind);
  return space != nullptr && space->path.empty();
}

bool Config::has_joined(NamespaceKind kind) const {
  const Namespace* space = find_namespace(kind);
  return space != nullptr && !space->path.empty();
}

std::string Config::namespace_setting(NamespaceKind kind) const {
  const Namespace* space = find_namespace(kind);
  return space == nullptr ? "/linux/namespaces"
                          : "/linux/namespaces/" + std::to_string(space - namespaces.data());
}

}  // namespace boxrun::config
