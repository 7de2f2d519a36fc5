#include "runtime/exec/prepare.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include <new>
#include <string_view>

#include "runtime/config/names.h"
#include "runtime/exec/fd_passing.h"
#include "runtime/exec/idmap.h"
#include "runtime/exec/seccomp_cache.h"
#include "runtime/exec/seccomp_report.h"
#include "tracer/os/argv.h"
#include "tracer/os/file.h"

namespace boxrun::exec {
namespace {

Result<void> open_namespaces(const config::Config& config, Prepared& prepared) {
  for (const config::Namespace& space : config.namespaces) {
    if (space.path.empty() || prepared.namespaces.contains(space.kind)) {
      continue;
    }
    const std::string setting = config.namespace_setting(space.kind) + "/path";
    auto opened = os::open_file(space.path);
    if (!opened.ok()) {
      return std::move(opened).error().within(setting);
    }
    // setns(2) would find out too, but only after other namespaces are made.
    const auto& name = config::name_of(space.kind);
    const int type = ::ioctl(opened.value().get(), NS_GET_NSTYPE);
    if (type < 0 || static_cast<std::uint64_t>(type) != name.clone_flag) {
      return Error{0, fmt::format("{}: {} is no {} namespace", setting, space.path, name.word),
                   fmt::format("such files are /proc/PID/ns/{} and what `ip netns` or a bind mount "
                               "made of them",
                               name.proc_link)};
    }
    prepared.namespaces.emplace(space.kind, std::move(opened).value());
  }
  return {};
}

Result<void> prepare_seccomp(const config::Config& config, const std::string& cache, const Log& log,
                             Prepared& prepared) {
  if (!config.seccomp) {
    return {};
  }
  TRY(SeccompProgram program, cached_seccomp(*config.seccomp, cache));
  if (!program.unknown_names.empty()) {
    log.debug("/linux/seccomp: unknown system calls left out: " +
              base::join(program.unknown_names, " "));
  }
  if (log.shows_debug()) {
    for (const std::string& line : report_seccomp(program)) {
      log.debug("/linux/seccomp: " + line);
    }
  }
  prepared.filter = std::move(program.instructions);
  prepared.filter_flags = program.flags;
  prepared.has_filter = true;
  if (!config.seccomp->listener_path.empty()) {
    auto socket = connect_socket(config.seccomp->listener_path);
    if (!socket.ok()) {
      return std::move(socket).error().within("/linux/seccomp/listenerPath");
    }
    prepared.seccomp_listener = std::move(socket).value();
  }
  return {};
}

/// Those inside the root filesystem are looked up when their turn comes.
bool is_source_ahead(const config::Config& config, const std::string& bundle,
                     const config::Mount& mount) {
  return !plan::path_in_root(plan::resolve_in_bundle(bundle, config.root_path),
                             plan::resolve_in_bundle(bundle, mount.source));
}

Result<void> prepare_idmapped_mounts(const config::Config& config, const std::string& bundle,
                                     Prepared& prepared) {
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const config::Mount& mount = config.mounts[i];
    if (mount.has_idmap() && is_source_ahead(config, bundle, mount)) {
      auto tree = make_idmapped_tree(mount, plan::resolve_in_bundle(bundle, mount.source), config);
      if (!tree.ok()) {
        return std::move(tree).error().within(fmt::format("/mounts/{}", i));
      }
      prepared.idmapped.emplace(i, std::move(tree).value());
    }
  }
  return {};
}

/// Root of a user namespace is an ordinary user outside, who may not reach each source that boxrun
/// may. What fails here init tries again, and says why. The host must not see what is mounted
/// below.
void clone_sources(const config::Config& config, const std::string& bundle, Prepared& prepared) {
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const config::Mount& mount = config.mounts[i];
    if (!mount.is_bind() || mount.has_idmap() || !is_source_ahead(config, bundle, mount)) {
      continue;
    }
    const unsigned deep = (mount.options.set_flags & MS_REC) != 0 ? AT_RECURSIVE : 0;
    os::UniqueFd tree{::open_tree(AT_FDCWD, plan::resolve_in_bundle(bundle, mount.source).c_str(),
                                  OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | deep)};
    mount_attr attributes{};
    attributes.propagation = MS_SLAVE;
    if (tree && ::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                                sizeof attributes) == 0) {
      prepared.sources.emplace(i, std::move(tree));
    }
  }
}

void lay_out_program(const config::Process& process, Prepared& prepared) {
  prepared.argv = os::make_argv(process.args);
  prepared.envp.push_back(nullptr);  // for HOME
  // Of a name that is there twice the last value counts: engines append, and programs disagree on
  // which of two they take. An empty HOME is none.
  std::map<std::string_view, const std::string*> last;
  const auto name_of = [](const std::string& variable) {
    return std::string_view{variable}.substr(0, variable.find('='));
  };
  for (const std::string& variable : process.env) {
    last[name_of(variable)] = &variable;
  }
  for (const std::string& variable : process.env) {
    if (last[name_of(variable)] != &variable || variable == "HOME=") {
      continue;
    }
    prepared.envp.push_back(const_cast<char*>(variable.c_str()));
    prepared.has_home = prepared.has_home || variable.starts_with("HOME=");
    if (variable.starts_with("PATH=")) {
      prepared.search_path = variable.substr(5);
    }
  }
  prepared.envp.push_back(nullptr);
}

Result<void> map_progress(Prepared& prepared) {
  void* page = ::mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    return os::errno_error("mmap(MAP_SHARED)");
  }
  prepared.progress = new (page) std::atomic<int>{-1};
  return {};
}

}  // namespace

Result<void> prepare(const config::Config& config, const plan::Circumstances& circumstances,
                     const std::string& cache, const Log& log, Prepared& prepared) {
  TRY_OK(open_namespaces(config, prepared));
  if (!circumstances.joins) {
    TRY(prepared.hook_output, open_hook_output(config.annotations));
  }
  TRY_OK(prepare_seccomp(config, cache, log, prepared));
  TRY_OK(prepare_idmapped_mounts(config, circumstances.bundle, prepared));
  if (!circumstances.rootless && !circumstances.joins &&
      config.find_namespace(config::NamespaceKind::User) != nullptr) {
    clone_sources(config, circumstances.bundle, prepared);
  }
  lay_out_program(config.process, prepared);
  return map_progress(prepared);
}

}  // namespace boxrun::exec
