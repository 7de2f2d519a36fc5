#include "runtime/commands/criu_options.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/criu/service.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

Result<void> make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    return os::errno_error(fmt::format("mkdir({})", base::quote(path)),
                           errno == ENOENT ? "the folder above has to be there" : "");
  }
  return {};
}

/// criu's own settings for a container: the file that its annotation names (none, if that is
/// empty), or that of the machine.
std::string config_file(const config::Config& config) {
  const auto named = config.annotations.find("org.criu.config");
  if (named != config.annotations.end()) {
    return named->second;
  }
  for (const char* path : {"/etc/criu/boxrun.conf", "/etc/criu/runc.conf"}) {
    if (::access(path, R_OK) == 0) {
      return path;
    }
  }
  return {};
}

}  // namespace

void add_criu_options(CLI::App& verb, CriuOptions& options) {
  verb.add_option("--image-path", options.image_path, "folder of criu's images")
      ->capture_default_str();
  verb.add_option("--work-path", options.work_path,
                  "folder of logs and the like (default: that of the images)");
  verb.add_flag("--tcp-established", options.tcp_established, "with open TCP connections");
  verb.add_flag("--ext-unix-sk", options.ext_unix_sk,
                "with Unix sockets whose other end is outside");
  verb.add_flag("--shell-job", options.shell_job, "with a terminal that belongs to the caller");
  verb.add_flag("--file-locks", options.file_locks, "with file locks");
  verb.add_flag("--lazy-pages", options.lazy_pages, "refused: memory is copied as a whole");
  verb.add_flag("--auto-dedup", options.auto_dedup, "drop pages that a newer image has as well");
  verb.add_option("--manage-cgroups-mode", options.cgroups_mode,
                  "what criu does with limits of cgroups inside the container's")
      ->check(CLI::IsMember({"soft", "full", "strict", "ignore"}))
      ->capture_default_str();
  verb.add_option("--empty-ns", options.empty_ns,
                  "namespaces whose content is left out; `network` always is")
      ->check(CLI::IsMember({"network"}));
}

Result<CriuFolders> CriuFolders::open(const CriuOptions& options, const char* log, bool make,
                                      bool shared) {
  const mode_t mode = shared ? 0711 : 0700;
  CriuFolders folders;
  if (make) {
    TRY_OK(make_folder(options.image_path, mode).within("--image-path"));
  }
  auto images = os::open_file(options.image_path, O_RDONLY | O_DIRECTORY);
  if (!images.ok()) {
    return std::move(images).error().within("--image-path");
  }
  folders.images = std::move(images).value();
  if (!options.work_path.empty()) {
    TRY_OK(make_folder(options.work_path, mode).within("--work-path"));
    TRY(folders.work, os::open_file(options.work_path, O_RDONLY | O_DIRECTORY));
  }
  folders.log =
      fmt::format("{}/{}", options.work_path.empty() ? options.image_path : options.work_path, log);
  return folders;
}

Result<void> CriuFolders::open_as_seen_by(pid_t criu) {
  for (os::UniqueFd* folder : {&images, &work}) {
    if (*folder) {
      TRY(const std::string path, os::read_link(fmt::format("/proc/self/fd/{}", folder->get())));
      TRY(*folder,
          os::open_file(fmt::format("/proc/{}/root{}", criu, path), O_RDONLY | O_DIRECTORY));
    }
  }
  return {};
}

std::string external_namespace_key(config::NamespaceKind kind) {
  return kind == config::NamespaceKind::Network ? "extRootNetNS" : "extRootPidNS";
}

Result<int> check_criu(const Session& session, const CriuOptions& options) {
  if (options.lazy_pages) {
    return Error{0, "--lazy-pages: is not supported: boxrun copies memory as a whole",
                 "--pre-dump, and --parent-path later, keep the time short that a program stands"};
  }
  if (session.rootless) {
    return Error{EPERM, "criu needs the rights of root",
                 "checkpoint and restore are not for ordinary users"};
  }
  return criu::read_version(session.criu);
}

void add_folders(const CriuFolders& folders, criu::Options& request) {
  request.images_fd = folders.images.get();
  request.work_fd = folders.work.get();
  request.log_file = folders.log.substr(folders.log.rfind('/') + 1);
}

criu::Options common_request(const CriuOptions& options, const config::Config& config) {
  criu::Options request;
  request.config_file = config_file(config);
  request.tcp_established = options.tcp_established;
  request.external_unix_sockets = options.ext_unix_sk;
  request.shell_job = options.shell_job;
  request.file_locks = options.file_locks;
  request.auto_dedup = options.auto_dedup;
  request.cgroups = criu::parse_cgroup_mode(options.cgroups_mode).value_or(criu::CgroupMode::Soft);
  // Interfaces and addresses are made by hooks and engines, here as at the first start.
  request.empty_namespaces = CLONE_NEWNET;
  return request;
}

}  // namespace boxrun::commands
