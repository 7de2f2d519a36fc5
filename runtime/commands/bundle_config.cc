#include "runtime/commands/bundle_config.h"

#include <errno.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "runtime/cgroup/cgroup.h"
#include "runtime/config/parse.h"
#include "runtime/exec/security_modules.h"
#include "runtime/systemd/names.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

Result<std::string> absolute_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&::free)> resolved{::realpath(path.c_str(), nullptr),
                                                          ::free};
  if (resolved == nullptr) {
    return os::errno_error(fmt::format("realpath({})", base::quote(path)));
  }
  return std::string{resolved.get()};
}

}  // namespace

Result<Bundle> read_bundle(const std::string& directory, const std::string& config) {
  Bundle bundle;
  TRY(bundle.path, absolute_path(directory));
  const std::string file = config.empty() ? bundle.path + "/config.json" : config;
  auto text = os::read_file(file);
  if (!text.ok()) {
    Error error = std::move(text).error();
    if (error.err == ENOENT) {
      error.hint =
          "name the bundle with --bundle; `boxrun bundle DIR` makes one, `boxrun spec` "
          "writes a config.json";
    }
    return error;
  }
  bundle.config_text = std::move(text).value();
  auto parsed = config::parse_config(bundle.config_text);
  if (!parsed.ok()) {
    return std::move(parsed).error().within(file);
  }
  bundle.config = std::move(parsed).value();
  return bundle;
}

Result<void> check_bundle(const Bundle& bundle, const Session& session) {
  const std::string rootfs = plan::resolve_in_bundle(bundle.path, bundle.config.root_path);
  struct stat seen {};
  if (::stat(rootfs.c_str(), &seen) != 0) {
    return os::errno_error(
        fmt::format("/root/path: stat({})", base::quote(rootfs)),
        "it counts from the bundle; `boxrun bundle DIR` makes a root filesystem");
  }
  if (!S_ISDIR(seen.st_mode)) {
    return Error{0, fmt::format("/root/path: {} is not a directory", rootfs), {}};
  }
  if (session.rootless && !bundle.config.net_devices.empty()) {
    return Error{EPERM, "/linux/netDevices: an ordinary user cannot move devices of the host",
                 "leave it out, or have root run the container"};
  }
  if (session.rootless && bundle.config.find_namespace(config::NamespaceKind::User) == nullptr &&
      ::geteuid() != 0) {
    return Error{0, "/linux/namespaces: an ordinary user needs a user namespace",
                 "`boxrun spec --rootless` writes such a config"};
  }
  return {};
}

Result<void> complete(plan::Circumstances& at, const config::Config& config,
                      const Session& session) {
  exec::read_security_modules(config, session.log, at);
  if (session.systemd_cgroup) {
    TRY(at.scope, systemd::parse_scope_name(config.cgroups_path, at.id, session.rootless));
  }
  at.no_cgroup = session.no_cgroup;
  at.cgroup2_alone = !at.scope && !at.no_cgroup && cgroup::is_version2_alone();
  at.has_kcore = ::access("/proc/kcore", F_OK) == 0;
  return {};
}

}  // namespace boxrun::commands
