#include "runtime/plan/build.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/aliases.h"
#include "runtime/config/names.h"

namespace boxrun::plan {
namespace {

using config::Config;
using config::NamespaceKind;

/// Appends steps to a plan for one actor after the other.
class Builder {
 public:
  Builder(const Config& config, const Circumstances& circumstances)
      : config_(config),
        at_(circumstances),
        root_(resolve_in_bundle(circumstances.bundle, config.root_path)),
        mounts_(config.mounts) {
    plan_.staged = needs_stage();
    plan_.owns_mounts = config.has_new(NamespaceKind::Mount);
    for (config::Mount& mount : mounts_) {
      // Some name the mount point as the host does, and other runtimes take that.
      mount.destination = path_in_root(root_, mount.destination).value_or(mount.destination);
    }
  }

  Plan build() && {
    if (!at_.joins) {
      make_resctrl_groups();
      place_cgroup();
    }
    spawn();
    isolate();
    make_rootfs();
    enter_rootfs();
    lock_down();
    finish();
    return std::move(plan_);
  }

 private:
  [[nodiscard]] bool needs_stage() const;
  [[nodiscard]] std::uint64_t new_flags() const;
  void add(Actor actor, std::string setting, Action action) {
    plan_.steps.push_back({actor, std::move(setting), std::move(action)});
  }
  void tell(Actor from, MessageKind message) { add(from, {}, Tell{message}); }
  void await(Actor who, MessageKind message) { add(who, {}, Await{message}); }

  void make_resctrl_groups();
  [[nodiscard]] std::string resctrl_group() const;
  void place_cgroup();
  void spawn();
  void make_cgroup();
  void join_cgroup();
  void spawn_directly();
  void spawn_through_stage();
  void write_id_maps(Actor child);
  void isolate();
  void bring_network();
  void map_in_turn(const std::string& setting, const config::Mount& mount,
                   const std::string& source);
  void make_rootfs();
  void make_devices();
  void run_create_hooks();
  void make_console();
  void enter_rootfs();
  [[nodiscard]] bool needs_admin_for_filter() const;
  [[nodiscard]] bool keeps_groups() const;
  struct Label {
    SecurityModule module;
    const char* setting;
    const std::string* text;
  };
  [[nodiscard]] std::vector<Label> labels() const;
  void lock_down();
  void finish();

  const Config& config_;
  const Circumstances& at_;
  std::string root_;                   ///< /root/path on the host
  std::vector<config::Mount> mounts_;  ///< with destinations as they are called inside
  Plan plan_;
  std::string cgroup_path_;
  bool in_cgroup_ = false;
};

bool Builder::needs_stage() const {
  const bool joins_any = std::ranges::any_of(
      config_.namespaces, [](const config::Namespace& space) { return !space.path.empty(); });
  return config_.has_joined(NamespaceKind::Pid) || config_.has_new(NamespaceKind::Time) ||
         config_.has_joined(NamespaceKind::User) ||
         // What is joined may belong to our own user namespace: it has to be joined before init
         // gives up our rights in it.
         (config_.has_new(NamespaceKind::User) && joins_any);
}

/// CLONE_NEW* of all new namespaces except the cgroup namespace, which shows the cgroup that its
/// maker is in: it can be made only after init has been moved.
std::uint64_t Builder::new_flags() const {
  std::uint64_t flags = 0;
  for (const config::Namespace& space : config_.namespaces) {
    if (space.path.empty() && space.kind != NamespaceKind::Cgroup) {
      flags |= config::name_of(space.kind).clone_flag;
    }
  }
  return flags;
}

std::string Builder::resctrl_group() const {
  return config_.intel_rdt->clos_id.empty() ? at_.id : config_.intel_rdt->clos_id;
}

/// First, because they are often refused, and nothing has to be taken back yet.
void Builder::make_resctrl_groups() {
  if (!config_.intel_rdt) {
    return;
  }
  const config::IntelRdt& rdt = *config_.intel_rdt;
  const bool has_name = !rdt.clos_id.empty();
  add(Actor::Boxrun, has_name ? "/linux/intelRdt/closID" : "/linux/intelRdt",
      MakeResctrlGroup{resctrl_group(), has_name && rdt.schemata.empty()});
  for (std::size_t i = 0; i < rdt.schemata.size(); ++i) {
    const bool is_last = i + 1 == rdt.schemata.size();
    add(Actor::Boxrun, rdt.schemata[i].setting,
        SetSchema{resctrl_group(), rdt.schemata[i].line, has_name && is_last});
  }
  if (!rdt.monitoring.empty()) {
    add(Actor::Boxrun, rdt.monitoring, MakeMonitorGroup{resctrl_group(), at_.id});
  }
}

void Builder::place_cgroup() {
  if (at_.no_cgroup) {
    return;
  }
  if (at_.scope) {
    add(Actor::Boxrun, "/linux/cgroupsPath", ReserveScope{*at_.scope});
    return;
  }
  cgroup_path_ = config_.cgroups_path.empty() ? "boxrun-" + at_.id : config_.cgroups_path;
  add(Actor::Boxrun, "/linux/cgroupsPath", PlaceCgroup{cgroup_path_});
}

void Builder::make_cgroup() {
  if (at_.scope) {
    add(Actor::Boxrun, "/linux/cgroupsPath", StartScope{*at_.scope, config_.resources});
  } else if (!at_.joins && !at_.no_cgroup) {
    const bool only_limits = config_.cgroups_path.empty() && config_.resources;
    add(Actor::Boxrun, only_limits ? "/linux/resources" : "/linux/cgroupsPath",
        MakeCgroup{cgroup_path_, config_.resources});
  }
  tell(Actor::Boxrun, MessageKind::CgroupMade);
}

/// Once, before the first step that needs it: until then init works while boxrun makes the cgroup.
void Builder::join_cgroup() {
  if (!std::exchange(in_cgroup_, true)) {
    await(Actor::Init, MessageKind::CgroupMade);
    add(Actor::Init, "/linux/cgroupsPath", JoinCgroup{at_.cgroup2_alone});
  }
}

void Builder::write_id_maps(Actor child) {
  // A hard limit can be raised only by CAP_SYS_RESOURCE of the first user namespace, which boxrun
  // may have and the child has just lost.
  for (std::size_t i = 0; i < config_.process.rlimits.size(); ++i) {
    add(Actor::Boxrun, fmt::format("/process/rlimits/{}", i),
        RaiseHardLimit{config_.process.rlimits[i]});
  }
  add(Actor::Boxrun, "/linux/uidMappings", WriteIdMaps{config_.uid_mappings, config_.gid_mappings});
  tell(Actor::Boxrun, MessageKind::IdMapsWritten);
  await(child, MessageKind::IdMapsWritten);
  add(child, "/linux/uidMappings", BecomeRoot{});
}

void Builder::spawn() {
  if (plan_.staged) {
    spawn_through_stage();
  } else {
    spawn_directly();
  }
  if (config_.process.oom_score_adj) {
    add(Actor::Boxrun, "/process/oomScoreAdj", SetOomScore{*config_.process.oom_score_adj});
  }
  if (config_.intel_rdt) {
    // Before init is told anything, and so before it has children: they inherit.
    add(Actor::Boxrun, "/linux/intelRdt",
        JoinResctrlGroups{resctrl_group(), !config_.intel_rdt->monitoring.empty()});
  }
  make_cgroup();
  // With namespaces that exist there is nothing to do meanwhile that would be worth it.
  if (at_.joins || config_.has_joined(NamespaceKind::Mount) ||
      config_.has_joined(NamespaceKind::Cgroup)) {
    join_cgroup();
  }
}

void Builder::spawn_directly() {
  std::uint64_t flags = new_flags();
  // A network namespace takes long to make: init does it while boxrun makes the cgroup.
  std::uint64_t late = flags & CLONE_NEWNET;
  if (config_.has_new(NamespaceKind::User)) {
    late |= flags & CLONE_NEWIPC;
  }
  flags &= ~late;
  add(Actor::Boxrun, "/linux/namespaces", Spawn{flags, Actor::Init, at_.cgroup2_alone});
  if (config_.has_new(NamespaceKind::User)) {
    write_id_maps(Actor::Init);
  }
  if (late != 0) {
    add(Actor::Init, "/linux/namespaces", UnshareNamespaces{late});
  }
}

void Builder::spawn_through_stage() {
  add(Actor::Boxrun, "/linux/namespaces", Spawn{0, Actor::NamespaceStage, at_.cgroup2_alone});
  JoinNamespaces joins;
  for (const config::Namespace& space : config_.namespaces) {
    // A mount namespace brings its own root along: only init goes there, as late as possible.
    if (!space.path.empty() && space.kind != NamespaceKind::Mount &&
        space.kind != NamespaceKind::Cgroup) {
      joins.namespaces.push_back(space);
      joins.settings.push_back(config_.namespace_setting(space.kind));
    }
  }
  if (!joins.namespaces.empty()) {
    add(Actor::NamespaceStage, "/linux/namespaces", std::move(joins));
  }
  if (config_.has_new(NamespaceKind::User)) {
    add(Actor::NamespaceStage, config_.namespace_setting(NamespaceKind::User),
        UnshareNamespaces{CLONE_NEWUSER});
    tell(Actor::NamespaceStage, MessageKind::UserNamespaceReady);
    await(Actor::Boxrun, MessageKind::UserNamespaceReady);
    write_id_maps(Actor::NamespaceStage);
  } else if (config_.has_joined(NamespaceKind::User)) {
    add(Actor::NamespaceStage, config_.namespace_setting(NamespaceKind::User), BecomeRoot{});
  }
  if (config_.has_new(NamespaceKind::Time)) {
    const auto flag = config::name_of(NamespaceKind::Time).clone_flag;
    add(Actor::NamespaceStage, config_.namespace_setting(NamespaceKind::Time),
        UnshareNamespaces{flag});
    std::string text;
    for (const config::TimeOffset& offset : config_.time_offsets) {
      text += fmt::format("{} {} {}\n", offset.clock, offset.seconds, offset.nanoseconds);
    }
    if (!text.empty()) {
      add(Actor::NamespaceStage, "/linux/timeOffsets", WriteTimeOffsets{text});
    }
  }
  const std::uint64_t flags = new_flags() & ~(std::uint64_t{CLONE_NEWUSER} |
                                              config::name_of(NamespaceKind::Time).clone_flag);
  add(Actor::NamespaceStage, "/linux/namespaces", Spawn{flags | CLONE_PARENT, Actor::Init});
  tell(Actor::NamespaceStage, MessageKind::InitBorn);
  await(Actor::Boxrun, MessageKind::InitBorn);
  // Or init's first word could be faster than that of its birth.
  tell(Actor::Boxrun, MessageKind::Adopted);
  await(Actor::Init, MessageKind::Adopted);
}

/// Init joins what the stage has left, and gets its session.
void Builder::isolate() {
  JoinNamespaces joins;
  for (const config::Namespace& space : config_.namespaces) {
    const bool left = !plan_.staged || space.kind == NamespaceKind::Cgroup;
    if (!space.path.empty() && left && space.kind != NamespaceKind::Mount) {
      joins.namespaces.push_back(space);
      joins.settings.push_back(config_.namespace_setting(space.kind));
    }
  }
  if (!joins.namespaces.empty()) {
    add(Actor::Init, "/linux/namespaces", std::move(joins));
  }
  bring_network();
  add(Actor::Init, {}, NewSession{});
  if (!at_.no_new_keyring) {
    add(Actor::Init, {}, JoinKeyring{"_ses." + at_.id});
  }
  for (const Label& label : labels()) {
    add(Actor::Init, label.setting, OpenLabel{label.module});
  }
}

/// Before the sysctls, which may be about the devices.
void Builder::bring_network() {
  if (config_.has_new(NamespaceKind::Network)) {
    add(Actor::Init, config_.namespace_setting(NamespaceKind::Network), RaiseLoopback{});
  }
  if (config_.net_devices.empty() || at_.joins) {
    return;
  }
  join_cgroup();  // or its message would come where NetworkDone is waited for
  tell(Actor::Init, MessageKind::NetworkReady);
  await(Actor::Boxrun, MessageKind::NetworkReady);
  for (const config::NetDevice& device : config_.net_devices) {
    add(Actor::Boxrun, "/linux/netDevices/" + base::printable(device.host_name),
        MoveNetDevice{device});
  }
  tell(Actor::Boxrun, MessageKind::NetworkDone);
  await(Actor::Init, MessageKind::NetworkDone);
}

/// SELinux labels files of these filesystems by a mount option; others have labels of their own.
bool takes_label(const config::Mount& mount) {
  return mount.type == "tmpfs" || mount.type == "devpts" || mount.type == "mqueue" ||
         mount.type == "overlay";
}

/// It shows the container's cgroup, or fills memory that has to be the container's.
bool needs_cgroup(const config::Mount& mount) {
  return mount.type == "cgroup" || mount.type == "cgroup2" || mount.options.tmpcopyup;
}

/// An empty filesystem that is to be read-only: the mount points and devices in it, and what
/// tmpcopyup puts there, have to be made before it is.
bool is_filled_first(const config::Mount& mount) {
  return mount.type == "tmpfs" && !mount.is_bind() && (mount.options.set_flags & MS_RDONLY) != 0;
}

/// The source shows what earlier mounts have put there: it exists in init's mount namespace alone.
/// To map its ids takes rights over the filesystem, which only boxrun may have.
void Builder::map_in_turn(const std::string& setting, const config::Mount& mount,
                          const std::string& source) {
  join_cgroup();  // or its message would come where SourceMapped is waited for
  add(Actor::Init, setting, CloneSource{source, (mount.options.set_flags & MS_REC) != 0});
  tell(Actor::Init, MessageKind::SourceCloned);
  await(Actor::Boxrun, MessageKind::SourceCloned);
  add(Actor::Boxrun, setting, MapSource{mount});
  tell(Actor::Boxrun, MessageKind::SourceMapped);
  await(Actor::Init, MessageKind::SourceMapped);
}

void Builder::make_rootfs() {
  if (config_.has_joined(NamespaceKind::Mount)) {
    // The namespace has its root and its mounts: the container shares them.
    JoinNamespaces join{{*config_.find_namespace(NamespaceKind::Mount)},
                        {config_.namespace_setting(NamespaceKind::Mount)}};
    run_create_hooks();
    const std::string setting = join.settings.front();
    if (!at_.joins) {
      add(Actor::Init, "/root/path", BindRootfs{root_});
    }
    add(Actor::Init, setting, std::move(join));
    return;
  }
  for (const auto& [key, value] : config_.sysctl) {
    std::string file = key;
    for (char& c : file) {
      c = c == '.' ? '/' : c == '/' ? '.' : c;
    }
    add(Actor::Init, "/linux/sysctl/" + base::printable(key), WriteSysctl{file, value});
  }
  if (config_.has_new(NamespaceKind::Mount)) {
    const std::uint64_t flags =
        config_.rootfs_propagation != 0 ? config_.rootfs_propagation : MS_SLAVE | MS_REC;
    // A private root would be private for the whole copied table, and an unbindable one could not
    // even be bound below: both come true on the new root, at the end.
    const bool early = (flags & (MS_SLAVE | MS_SHARED)) != 0;
    add(Actor::Init, config_.rootfs_propagation != 0 ? "/linux/rootfsPropagation" : "",
        PropagateRoot{early ? flags | MS_REC : MS_SLAVE | MS_REC});
    add(Actor::Init, "/root/path", BindRootfs{root_});
  } else {
    add(Actor::Init, "/root/path", BindRootfs{root_});
  }
  for (std::size_t i = 0; config_.has_new(NamespaceKind::Mount) && i < mounts_.size(); ++i) {
    config::Mount mount = mounts_[i];
    const std::string setting = fmt::format("/mounts/{}", i);
    std::string source_in_root;
    if (at_.has_selinux && !config_.mount_label.empty() && takes_label(mount)) {
      mount.options.filesystem += fmt::format(
          "{}context=\"{}\"", mount.options.filesystem.empty() ? "" : ",", config_.mount_label);
    }
    if (mount.is_bind()) {
      mount.source = resolve_in_bundle(at_.bundle, mount.source);
      source_in_root = path_in_root(root_, mount.source).value_or("");
    }
    if (needs_cgroup(mount)) {
      join_cgroup();
    }
    if (mount.has_idmap() && !source_in_root.empty()) {
      map_in_turn(setting, mount, source_in_root);
    }
    if (is_filled_first(mount)) {
      mount.options.set_flags &= ~std::uint64_t{MS_RDONLY};
    }
    add(Actor::Init, setting, MountOne{std::move(mount), i, std::move(source_in_root)});
  }
  make_devices();
  join_cgroup();
  if (config_.has_new(NamespaceKind::Cgroup)) {
    add(Actor::Init, config_.namespace_setting(NamespaceKind::Cgroup),
        UnshareNamespaces{config::name_of(NamespaceKind::Cgroup).clone_flag});
  }
  run_create_hooks();
}

// Source: runtime-spec config-linux.md, "Default Devices"; null(4), random(4), tty(4).
constexpr struct {
  const char* path;
  std::uint32_t major;
  std::uint32_t minor;
} kDefaultDevices[] = {{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
                       {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0}};

// Not in the specification, but in every container that people know: shells use <(...) and
// programs write to /dev/stderr.
constexpr struct {
  const char* target;
  const char* path;
} kDeviceLinks[] = {{"/proc/self/fd", "/dev/fd"},
                    {"/proc/self/fd/0", "/dev/stdin"},
                    {"/proc/self/fd/1", "/dev/stdout"},
                    {"/proc/self/fd/2", "/dev/stderr"},
                    {"pts/ptmx", "/dev/ptmx"}};

void Builder::make_devices() {
  // A bundle that brings the host's /dev has all this, and nothing may be changed in it.
  const bool bound = std::ranges::any_of(mounts_, [](const config::Mount& mount) {
    return mount.destination == "/dev" && mount.is_bind();
  });
  if (bound || !config_.has_new(NamespaceKind::Mount)) {
    return;
  }
  const bool by_bind = config_.find_namespace(NamespaceKind::User) != nullptr || at_.rootless;
  for (const auto& entry : kDefaultDevices) {
    const bool configured = std::ranges::any_of(
        config_.devices,
        [&entry](const config::Device& device) { return device.path == entry.path; });
    if (!configured) {
      config::Device device{entry.path, config::DeviceType::Char, entry.major, entry.minor};
      add(Actor::Init, {}, MakeDevice{std::move(device), by_bind});
    }
  }
  for (const auto& link : kDeviceLinks) {
    add(Actor::Init, {}, MakeLink{link.target, link.path});
  }
  if (at_.has_kcore) {
    add(Actor::Init, {}, MakeLink{"/proc/kcore", "/dev/core"});
  }
  for (std::size_t i = 0; i < config_.devices.size(); ++i) {
    // A privileged container lists all devices of the host. Its own /dev/ptmx stays the one of its
    // devpts: the host's node would look for `pts` beside itself and find it, or nothing.
    const bool is_link = std::ranges::any_of(
        kDeviceLinks, [this, i](const auto& link) { return config_.devices[i].path == link.path; });
    if (is_link) {
      continue;
    }
    add(Actor::Init, fmt::format("/linux/devices/{}", i), MakeDevice{config_.devices[i], by_bind});
  }
}

void Builder::run_create_hooks() {
  const config::Hooks& hooks = config_.hooks;
  if (!hooks.prestart.empty() || !hooks.create_runtime.empty() || !hooks.create_container.empty()) {
    tell(Actor::Init, MessageKind::MountsDone);
    await(Actor::Boxrun, MessageKind::MountsDone);
    if (!hooks.prestart.empty()) {
      // They once ran at `start`, and still read what the state was then. runtime-spec 1.0,
      // config.md, "Prestart".
      add(Actor::Boxrun, "/hooks/prestart", RunHooks{"prestart", hooks.prestart, "created"});
    }
    if (!hooks.create_runtime.empty()) {
      add(Actor::Boxrun, "/hooks/createRuntime",
          RunHooks{"createRuntime", hooks.create_runtime, "creating"});
    }
    tell(Actor::Boxrun, MessageKind::HooksDone);
    await(Actor::Init, MessageKind::HooksDone);
  }
  if (!hooks.create_container.empty()) {
    add(Actor::Init, "/hooks/createContainer",
        RunHooks{"createContainer", hooks.create_container, "creating"});
  }
}

void Builder::make_console() {
  if (config_.process.terminal) {
    add(Actor::Init, "/process/terminal",
        MakeConsole{config_.process.console_size, config_.process.user.uid,
                    config_.has_new(NamespaceKind::Mount)});
  }
}

void Builder::enter_rootfs() {
  if (config_.has_joined(NamespaceKind::Mount)) {
    if (!at_.joins) {
      add(Actor::Init, "/root/path", EnterRootfs{EnterRootfs::How::IfVisible});
    }
    return;
  }
  if (config_.has_new(NamespaceKind::Mount)) {
    // After the hooks, which may still have brought devices.
    make_console();
    for (std::size_t i = 0; i < mounts_.size(); ++i) {
      if (is_filled_first(mounts_[i])) {
        add(Actor::Init, fmt::format("/mounts/{}", i), MakeReadonly{mounts_[i].destination, true});
      }
    }
  }
  // All of this works on descriptors opened below the root and on the host's /proc; after the
  // pivot only the container's /proc would be left, which its image may have chosen.
  for (std::size_t i = 0; i < config_.readonly_paths.size(); ++i) {
    add(Actor::Init, fmt::format("/linux/readonlyPaths/{}", i),
        MakeReadonly{config_.readonly_paths[i]});
  }
  for (std::size_t i = 0; i < config_.masked_paths.size(); ++i) {
    add(Actor::Init, fmt::format("/linux/maskedPaths/{}", i), Mask{config_.masked_paths[i]});
  }
  using How = EnterRootfs::How;
  const bool own_mounts = config_.has_new(NamespaceKind::Mount);
  add(Actor::Init, "/root/path",
      EnterRootfs{!own_mounts    ? How::Chroot
                  : at_.no_pivot ? How::Move
                                 : How::Pivot});
  if (config_.process.cwd != "/") {
    add(Actor::Init, "/process/cwd", MakeDirectory{config_.process.cwd});
  }
  if (own_mounts && config_.rootfs_propagation != 0) {
    add(Actor::Init, "/linux/rootfsPropagation", PropagateNewRoot{config_.rootfs_propagation});
  }
  if (own_mounts && config_.root_readonly) {
    add(Actor::Init, "/root/readonly", MakeReadonly{"/"});
  }
}

/// Without no_new_privs loading a filter takes CAP_SYS_ADMIN. Loaded early, the filter would have
/// to allow all that init still does; so init keeps the capability to the end, permitted only.
bool Builder::needs_admin_for_filter() const {
  return config_.seccomp && !config_.process.no_new_privileges;
}

/// crun's annotation, which podman sets for `--group-add keep-groups`.
bool Builder::keeps_groups() const {
  const auto found = config_.annotations.find("run.oci.keep_original_groups");
  return found != config_.annotations.end() && found->second != "0";
}

/// The labels of those security modules that the machine has.
std::vector<Builder::Label> Builder::labels() const {
  std::vector<Label> all;
  const config::Process& process = config_.process;
  if (at_.has_apparmor && !process.apparmor_profile.empty()) {
    all.push_back(
        {SecurityModule::AppArmor, "/process/apparmorProfile", &process.apparmor_profile});
  }
  if (at_.has_selinux && !process.selinux_label.empty()) {
    all.push_back({SecurityModule::SeLinux, "/process/selinuxLabel", &process.selinux_label});
  }
  return all;
}

void Builder::lock_down() {
  if (!config_.has_new(NamespaceKind::Mount)) {
    make_console();  // a /dev that is shared with others keeps its own /dev/console
  }
  if (!config_.hostname.empty()) {
    add(Actor::Init, "/hostname", SetHostname{config_.hostname});
  }
  if (!config_.domainname.empty()) {
    add(Actor::Init, "/domainname", SetDomainname{config_.domainname});
  }
  const config::Process& process = config_.process;
  add(Actor::Init, process.user.umask ? "/process/user/umask" : "",
      SetUmask{process.user.umask.value_or(022)});
  add(Actor::Init, "/process/cwd", ChangeDirectory{process.cwd, false});
  for (std::size_t i = 0; i < process.rlimits.size(); ++i) {
    add(Actor::Init, fmt::format("/process/rlimits/{}", i), SetRlimit{process.rlimits[i]});
  }
  if (config_.personality) {
    add(Actor::Init, "/linux/personality", SetPersonality{*config_.personality});
  }
  if (config_.memory_policy) {
    add(Actor::Init, "/linux/memoryPolicy", SetMemoryPolicy{*config_.memory_policy});
  }
  if (!process.terminal) {
    add(Actor::Init, "/process/user", OwnStreams{process.user.uid});
  }
  if (process.no_new_privileges) {
    add(Actor::Init, "/process/noNewPrivileges", NoNewPrivileges{});
  }
  // Without the section there are none, as in other runtimes.
  const config::Capabilities capabilities = process.capabilities.value_or(config::Capabilities{});
  const std::string setting = process.capabilities ? "/process/capabilities" : "";
  add(Actor::Init, process.capabilities ? setting + "/bounding" : "",
      LimitBounding{capabilities.bounding});
  const bool single_id = at_.rootless && config_.has_new(NamespaceKind::User) &&
                         config_.gid_mappings.size() == 1 && config_.gid_mappings[0].size == 1;
  using Groups = SetUser::Groups;
  add(Actor::Init, "/process/user",
      SetUser{process.user, keeps_groups() ? Groups::Kept
                            : single_id    ? Groups::Denied
                                           : Groups::Set});
  add(Actor::Init, setting, SetCapabilities{capabilities, needs_admin_for_filter()});
  add(Actor::Init, "/process/cwd", ChangeDirectory{process.cwd, true});
}

void Builder::finish() {
  const config::Process& process = config_.process;
  const bool has_program = !process.args.empty();
  if (has_program) {
    add(Actor::Init, "/process/args/0", FindProgram{process.args.front()});
  }
  tell(Actor::Init, MessageKind::Ready);
  await(Actor::Boxrun, MessageKind::Ready);
  // As late as may be: a low priority would slow down what init does before.
  if (process.scheduler) {
    add(Actor::Boxrun, "/process/scheduler", SetScheduler{*process.scheduler});
  }
  if (process.io_priority) {
    add(Actor::Boxrun, "/process/ioPriority", SetIoPriority{*process.io_priority});
  }
  if (!at_.joins) {
    add(Actor::Boxrun, {}, RecordCreated{});
  }
  tell(Actor::Boxrun, MessageKind::Proceed);
  await(Actor::Init, MessageKind::Proceed);
  if (at_.wait_for_start) {
    add(Actor::Init, {}, WaitForStart{at_.preserve_fds});
  }
  if (!has_program) {
    return;  // `start` says so, and init ends
  }
  for (const Label& label : labels()) {
    add(Actor::Init, label.setting, SetLabel{label.module, *label.text});
  }
  std::optional<LoadSeccomp> filter;
  if (config_.seccomp) {
    filter = {config_.seccomp->rules.size(), !config_.seccomp->listener_path.empty(), {}};
    if (needs_admin_for_filter()) {
      filter->then = process.capabilities.value_or(config::Capabilities{});
    }
  }
  if (!config_.hooks.start_container.empty()) {
    add(Actor::Init, "/hooks/startContainer",
        RunHooks{"startContainer", config_.hooks.start_container, "created", true, filter});
  }
  add(Actor::Init, {}, CloseDescriptors{at_.preserve_fds});
  if (filter) {
    add(Actor::Init, "/linux/seccomp", *filter);
  }
  add(Actor::Init, "/process/args", Execute{process.args, process.env});
}

}  // namespace

std::string resolve_in_bundle(const std::string& bundle, const std::string& path) {
  return path.starts_with('/') ? path : bundle + "/" + path;
}

namespace {

/// Without `.`, `..` and slashes to spare; empty for `/`.
std::string clean(std::string_view path) {
  std::string cleaned;
  while (!path.empty()) {
    const std::string_view component = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(component.size() + 1, path.size()));
    if (component == "..") {
      cleaned.resize(cleaned.empty() ? 0 : cleaned.rfind('/'));
    } else if (!component.empty() && component != ".") {
      cleaned.append("/").append(component);
    }
  }
  return cleaned;
}

}  // namespace

std::optional<std::string> path_in_root(std::string_view root, std::string_view path) {
  const std::string top = clean(root);
  const std::string below = clean(path);
  if (top.empty() || !(below + "/").starts_with(top + "/")) {
    return std::nullopt;
  }
  return below == top ? "/" : below.substr(top.size());
}

Plan make_plan(const Config& config, const Circumstances& circumstances) {
  return Builder{config, circumstances}.build();
}

}  // namespace boxrun::plan
