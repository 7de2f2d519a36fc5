// `boxrun checkpoint`: writes a running container to files, from which `boxrun restore` makes it
// run again where it was. criu(8) does the work; what boxrun adds is what criu cannot know: which
// mounts and namespaces belong to the host, which streams the caller has to bring again.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "runtime/cgroup/freezer.h"
#include "runtime/commands/bundle_config.h"
#include "runtime/commands/criu_options.h"
#include "runtime/commands/removal.h"
#include "runtime/config/names.h"
#include "runtime/config/parse.h"
#include "runtime/criu/mounts.h"
#include "runtime/criu/service.h"
#include "tracer/base/procfs_text.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

struct Options {
  std::string id;
  CriuOptions criu;
  std::string parent_path;
  std::string page_server;
  int status_fd = -1;
  bool leave_running = false;
  bool pre_dump = false;
};

Result<void> add_page_server(const std::string& text, criu::Options& request) {
  if (text.empty()) {
    return {};
  }
  const auto colon = text.rfind(':');
  const auto port =
      colon == std::string::npos ? std::nullopt : base::parse_u64(text.substr(colon + 1));
  if (colon == 0 || !port || *port == 0 || *port > 65535) {
    return Error{
        0, fmt::format("--page-server {}: is not ADDRESS:PORT", base::printable(text)), {}};
  }
  request.page_server = text.substr(0, colon);
  request.page_server_port = static_cast<int>(*port);
  return {};
}

Result<void> add_parent(const Options& options, criu::Options& request) {
  if (options.parent_path.empty()) {
    return {};
  }
  const std::string path = options.criu.image_path + "/" + options.parent_path;
  struct stat seen {};
  if (options.parent_path.starts_with('/')) {
    return Error{0, "--parent-path counts from --image-path and must not be absolute", {}};
  }
  if (::stat(path.c_str(), &seen) != 0) {
    return os::errno_error(fmt::format("--parent-path: stat({})", base::quote(path)),
                           "it counts from --image-path");
  }
  request.parent_images = options.parent_path;
  request.track_memory = true;
  return {};
}

/// Files that were standard streams from the start are of a mount outside. criu takes a name for
/// them that consists of the mount and the inode.
Result<std::vector<std::string>> name_streams(const state::State& state, criu::Options& request) {
  TRY(const std::string table, os::read_file(fmt::format("/proc/{}/mountinfo", state.pid)));
  const auto mounts = base::parse_mountinfo(table);
  std::vector<std::string> streams = state.streams;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    struct stat seen {};
    const std::string number = fmt::format("/proc/{}/fd/{}", state.pid, i);
    const auto details = os::read_file(fmt::format("/proc/{}/fdinfo/{}", state.pid, i));
    if (!details.ok() || ::stat(number.c_str(), &seen) != 0 || !S_ISREG(seen.st_mode)) {
      continue;
    }
    const auto mount =
        base::parse_u64(base::parse_status_field(details.value(), "mnt_id").value_or(""));
    if (mount && std::ranges::count(mounts, *mount, &base::MountInfo::id) == 0) {
      streams[i] = fmt::format("file[{:x}:{:x}]", *mount, seen.st_ino);
      request.external.push_back(streams[i]);
    }
  }
  return streams;
}

Result<void> add_namespaces(const config::Config& config, int init, criu::Options& request) {
  for (const auto kind : kExternalKinds) {
    if (!config.has_joined(kind)) {
      continue;
    }
    const std::string_view link = config::name_of(kind).proc_link;
    struct stat seen {};
    const std::string path = fmt::format("/proc/{}/ns/{}", init, link);
    if (::stat(path.c_str(), &seen) != 0) {
      return os::errno_error(fmt::format("stat({})", base::quote(path)));
    }
    request.external.push_back(
        fmt::format("{}[{}]:{}", link, seen.st_ino, external_namespace_key(kind)));
  }
  return {};
}

class Checkpoint {
 public:
  Checkpoint(const Options& options, const Session& session)
      : options_(options), session_(session) {}

  Result<void> run();

 private:
  Result<void> read_container(const state::Entry& entry);
  Result<void> add_all(criu::Options& request);
  Result<void> check_features(const criu::Options& request) const;

  const Options& options_;
  const Session& session_;
  state::State state_;
  config::Config config_;
  plan::Plan plan_;
};

Result<void> Checkpoint::read_container(const state::Entry& entry) {
  TRY(state_, session_.store.read(options_.id));
  const auto status = state::read_status(state_, entry.fifo_path());
  if (status != state::Status::Running && status != state::Status::Paused) {
    return Error{0,
                 fmt::format("container \"{}\" cannot be checkpointed: it is {}", options_.id,
                             state::render_status(status)),
                 status == state::Status::Created ? "start it first" : ""};
  }
  TRY(const std::string text, os::read_file(entry.config_path()));
  TRY(config_, config::parse_config(text));
  plan::Circumstances at;
  at.id = state_.id;
  at.bundle = state_.bundle;
  TRY_OK(complete(at, config_, session_));
  plan_ = plan::make_plan(config_, at);
  return {};
}

/// What is not needed for memory alone.
Result<void> Checkpoint::add_all(criu::Options& request) {
  if (plan_.owns_mounts) {
    TRY(const auto external, criu::external_mounts(plan_, state_.cgroup));
    TRY(request.external_mounts, criu::locate_mounts(external, state_.pid));
  }
  TRY(const auto streams, name_streams(state_, request));
  return os::write_file(
      options_.criu.image_path + "/" + kStreamsFile,
      nlohmann::json(streams).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), 0600);
}

Result<void> Checkpoint::check_features(const criu::Options& request) const {
  if (!request.track_memory) {
    return {};
  }
  TRY(criu::Service service, criu::Service::start({session_.criu, {}, {}}));
  TRY(const criu::Answer answer, service.ask(criu::render_feature_request()));
  if (!answer.can_track_memory) {
    return Error{0,
                 fmt::format("{}: the kernel cannot tell which pages have changed",
                             options_.pre_dump ? "--pre-dump" : "--parent-path"),
                 "it needs CONFIG_MEM_SOFT_DIRTY"};
  }
  return {};
}

Result<void> Checkpoint::run() {
  TRY_OK(config::parse_container_id(options_.id));
  if (options_.status_fd >= 0) {
    return Error{0, "--status-fd: tells of lazy pages, which are not supported",
                 "without it, the end of boxrun says that all is written"};
  }
  TRY(const state::Entry entry, session_.store.lock(options_.id));
  TRY_OK(read_container(entry));
  criu::Options request = common_request(options_.criu, config_);
  TRY_OK(add_page_server(options_.page_server, request));
  TRY_OK(check_criu(session_, options_.criu));
  TRY(const CriuFolders folders, CriuFolders::open(options_.criu, "dump.log", /*make=*/true,
                                                   config_.has_new(config::NamespaceKind::User)));
  add_folders(folders, request);
  request.pid = state_.pid;
  request.root = state_.rootfs;
  request.leave_running = options_.leave_running || options_.pre_dump;
  request.track_memory = options_.pre_dump;
  const cgroup::Freezer freezer = cgroup::freezer_of(state_.cgroup);
  request.freeze_cgroup = freezer.file.substr(0, freezer.file.rfind('/'));
  TRY_OK(add_parent(options_, request));
  TRY_OK(check_features(request));
  TRY_OK(add_namespaces(config_, state_.pid, request));
  if (!options_.pre_dump) {
    TRY_OK(add_all(request));
  }
  {
    TRY(criu::Service service, criu::Service::start({session_.criu, {}, {}}));
    const auto type =
        options_.pre_dump ? criu::RequestType::SinglePreDump : criu::RequestType::Dump;
    TRY_OK(service.ask(
        criu::render_request(type, request),
        [this](const criu::Answer& notification, const os::UniqueFd&) {
          session_.log.debug("criu: " + notification.script);
          return Result<void>{};
        },
        folders.log));
  }
  return request.leave_running ? Result<void>{} : destroy(session_, entry, state_, config_);
}

}  // namespace

void add_checkpoint(CLI::App& app, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("checkpoint", "write a running container to files (criu)");
  const auto options = std::make_shared<Options>();
  verb->add_option("id", options->id, "the container")->required();
  add_criu_options(*verb, options->criu);
  verb->add_option("--parent-path", options->parent_path,
                   "images of an earlier --pre-dump, counted from --image-path");
  verb->add_flag("--leave-running", options->leave_running, "do not stop the container");
  verb->add_flag("--pre-dump", options->pre_dump,
                 "write memory alone, and leave the container running");
  verb->add_option("--page-server", options->page_server, "send memory there: ADDRESS:PORT");
  verb->add_option("--status-fd", options->status_fd, "refused: tells of lazy pages");
  verb->callback([options, &chosen] {
    chosen = [options](const Session& session) {
      const auto done = Checkpoint{*options, session}.run();
      return done.ok() ? 0 : fail(session, done.error());
    };
  });
}

}  // namespace boxrun::commands
