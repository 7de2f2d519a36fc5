#include "runtime/plan/render.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>

#include "runtime/aliases.h"
#include "runtime/config/mount_options.h"
#include "runtime/config/names.h"

namespace boxrun::plan {
namespace {

std::string render_clone_flags(std::uint64_t flags) {
  std::vector<std::string> words;
  for (int kind = 0; kind <= static_cast<int>(config::NamespaceKind::Time); ++kind) {
    const auto& name = config::name_of(static_cast<config::NamespaceKind>(kind));
    if ((flags & name.clone_flag) != 0) {
      words.emplace_back(name.word);
    }
  }
  return words.empty() ? "no new namespaces" : "new " + base::join(words, ", ");
}

std::string render_mappings(const std::vector<config::IdMapping>& mappings) {
  std::vector<std::string> lines;
  lines.reserve(mappings.size());
  for (const config::IdMapping& mapping : mappings) {
    lines.push_back(fmt::format("{} {} {}", mapping.container_id, mapping.host_id, mapping.size));
  }
  return base::join(lines, ", ");
}

std::string render_limits(const config::Resources& resources) {
  std::vector<std::string> words;
  const auto add = [&words](std::string_view name, const auto& value) {
    if (value) {
      words.push_back(fmt::format("{} {}", name, *value));
    }
  };
  add("memory", resources.memory.limit);
  add("memory reservation", resources.memory.reservation);
  add("memory+swap", resources.memory.swap);
  add("cpu shares", resources.cpu.shares);
  add("cpu quota", resources.cpu.quota);
  add("cpu period", resources.cpu.period);
  add("pids", resources.pids_limit);
  add("block io weight", resources.block_io.weight);
  if (!resources.cpu.cpus.empty()) {
    words.push_back("cpus " + resources.cpu.cpus);
  }
  if (!resources.cpu.mems.empty()) {
    words.push_back("mems " + resources.cpu.mems);
  }
  const auto count = [&words](std::size_t number, std::string_view noun) {
    if (number != 0) {
      words.push_back(fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s"));
    }
  };
  count(resources.hugepages.size(), "huge page limit");
  count(resources.unified.size(), "unified file");
  count(resources.devices.size(), "device rule");
  return base::join(words, ", ");
}

std::string render_mount(const config::Mount& mount) {
  std::vector<std::string> words;
  const std::string flags = config::render_mount_flags(mount.options.set_flags);
  if (!flags.empty()) {
    words.push_back(flags);
  }
  for (const std::string& word : mount.option_words) {
    // What is no flag of mount(2) is shown as written.
    const config::MountOptions one = config::parse_mount_options({word});
    if (one.set_flags == 0 && word != "defaults") {
      words.push_back(word);
    }
  }
  const std::string source = mount.is_bind() ? "bind " + mount.source : "mount " + mount.type;
  return fmt::format("{} on {}{}", source, mount.destination,
                     words.empty() ? "" : " (" + base::join(words, ",") + ")");
}

/// How many capabilities, and which where they are few.
std::string render_set(std::uint64_t set) {
  const auto names = config::capability_names(set);
  if (names.empty()) {
    return "none";
  }
  return names.size() <= 4 ? base::join(names, " ") : fmt::format("{} capabilities", names.size());
}

std::string_view render_module(SecurityModule module) {
  return module == SecurityModule::AppArmor ? "AppArmor" : "SELinux";
}

std::string with_limits(const std::optional<config::Resources>& resources) {
  const std::string limits = resources ? render_limits(*resources) : std::string{};
  return limits.empty() ? "" : ": " + limits;
}

struct Describe {
  std::string operator()(const PlaceCgroup& it) const { return "place cgroup " + it.path; }
  std::string operator()(const MakeCgroup& it) const {
    return "make cgroup " + it.path + with_limits(it.resources);
  }
  std::string operator()(const ReserveScope& it) const {
    return fmt::format("ask systemd where {} in {} will be", it.scope.unit, it.scope.slice);
  }
  std::string operator()(const StartScope& it) const {
    return fmt::format("have systemd start {} in {} with init in it{}", it.scope.unit,
                       it.scope.slice, with_limits(it.resources));
  }
  std::string operator()(const MakeResctrlGroup& it) const {
    return fmt::format("{} resctrl group {}{}", it.must_exist ? "find" : "make", it.name,
                       it.must_exist ? "" : " unless it is there");
  }
  std::string operator()(const SetSchema& it) const {
    return fmt::format("write schemata {} of resctrl group {}, or compare if it was there", it.line,
                       it.group);
  }
  std::string operator()(const MakeMonitorGroup& it) const {
    return fmt::format("make mon_groups/{} in resctrl group {}", it.name, it.group);
  }
  std::string operator()(const JoinResctrlGroups& it) const {
    return fmt::format("move init into resctrl group {}{}", it.group,
                       it.monitored ? " and its monitoring group" : "");
  }
  std::string operator()(const Spawn& it) const {
    return fmt::format("clone boxrun:{} with {}{}{}", render_actor(it.becomes),
                       render_clone_flags(it.flags), it.into_cgroup ? ", in the cgroup" : "",
                       (it.flags & CLONE_PARENT) != 0 ? ", as a child of boxrun" : "");
  }
  std::string operator()(const WriteIdMaps& it) const {
    return fmt::format("write uid_map \"{}\" and gid_map \"{}\"", render_mappings(it.uid),
                       render_mappings(it.gid));
  }
  std::string operator()(const SetOomScore& it) const {
    return fmt::format("write oom_score_adj {}", it.value);
  }
  std::string operator()(const JoinCgroup& it) const {
    return it.by_clone ? "move into the cgroup, unless made in it" : "move into the cgroup";
  }
  std::string operator()(const RaiseHardLimit& it) const {
    return fmt::format("raise the hard limit {} to {} if it is lower", it.limit.name,
                       it.limit.hard);
  }
  std::string operator()(const SetRlimit& it) const {
    return fmt::format("limit {} to {} (hard {})", it.limit.name, it.limit.soft, it.limit.hard);
  }
  std::string operator()(const SetScheduler& it) const {
    return fmt::format("schedule init by {}, nice {}, priority {}", it.scheduler.name,
                       it.scheduler.nice, it.scheduler.priority);
  }
  std::string operator()(const SetIoPriority& it) const {
    return fmt::format("set the I/O priority of init to {} {}", it.priority.name,
                       it.priority.priority);
  }
  std::string operator()(const SetPersonality& it) const {
    return fmt::format("set personality 0x{:x}", it.domain);
  }
  std::string operator()(const SetMemoryPolicy& it) const {
    return "set memory policy " + it.policy.name;
  }
  std::string operator()(const OpenLabel& it) const {
    return fmt::format("open the {} label of the program to come", render_module(it.module));
  }
  std::string operator()(const SetLabel& it) const {
    return fmt::format("label the program {} for {}", it.label, render_module(it.module));
  }
  std::string operator()(const RunHooks& it) const {
    return fmt::format("run {} {} hook{}{}", it.hooks.size(), it.kind,
                       it.hooks.size() == 1 ? "" : "s",
                       it.filter ? " under the seccomp filter" : "");
  }
  std::string operator()(const RecordCreated&) const { return "record the state: created"; }
  std::string operator()(const Tell& it) const {
    return fmt::format("tell: {}", render_kind(it.message));
  }
  std::string operator()(const Await& it) const {
    return fmt::format("wait: {}", render_kind(it.message));
  }
  std::string operator()(const JoinNamespaces& it) const {
    std::vector<std::string> words;
    for (const config::Namespace& space : it.namespaces) {
      words.push_back(fmt::format("{} {}", config::name_of(space.kind).word, space.path));
    }
    return "join " + base::join(words, ", ");
  }
  std::string operator()(const UnshareNamespaces& it) const {
    return "unshare: " + render_clone_flags(it.flags);
  }
  std::string operator()(const WriteTimeOffsets& it) const {
    std::string line = it.text;
    for (char& c : line) {
      c = c == '\n' ? ';' : c;
    }
    return "write timens_offsets " + line;
  }
  std::string operator()(const BecomeRoot&) const { return "become root of the user namespace"; }
  std::string operator()(const RaiseLoopback&) const { return "bring up the loopback interface"; }
  std::string operator()(const MoveNetDevice& it) const {
    return fmt::format("move network device {}{}", base::printable(it.device.host_name),
                       it.device.name.empty() ? "" : " as " + base::printable(it.device.name));
  }
  std::string operator()(const NewSession&) const { return "start a new session"; }
  std::string operator()(const JoinKeyring& it) const {
    return "join the session keyring " + it.name;
  }
  std::string operator()(const PropagateRoot& it) const {
    return "make the copied mount table " + config::render_mount_flags(it.flags);
  }
  std::string operator()(const BindRootfs& it) const { return "root filesystem " + it.path; }
  std::string operator()(const CloneSource& it) const {
    return fmt::format("clone {} of the root filesystem", it.path);
  }
  std::string operator()(const MapSource& it) const { return "map the ids of " + it.mount.source; }
  std::string operator()(const MountOne& it) const { return render_mount(it.mount); }
  std::string operator()(const MakeDevice& it) const {
    if (it.device.type == config::DeviceType::Fifo) {
      return "make fifo " + it.device.path;
    }
    return fmt::format("{} {} ({} {}:{})", it.by_bind ? "bind device" : "make device",
                       it.device.path, static_cast<char>(it.device.type), it.device.major,
                       it.device.minor);
  }
  std::string operator()(const MakeLink& it) const {
    return fmt::format("link {} -> {}", it.path, it.target);
  }
  std::string operator()(const MakeReadonly& it) const { return "make read-only " + it.path; }
  std::string operator()(const Mask& it) const { return "mask " + it.path; }
  std::string operator()(const MakeConsole& it) const {
    return fmt::format("open a pseudoterminal{} as standard input, output and error{}",
                       it.size ? fmt::format(" of {}x{}", it.size->width, it.size->height) : "",
                       it.covers_console ? " and /dev/console" : "");
  }
  std::string operator()(const OwnStreams& it) const {
    return fmt::format("make standard streams the container's own: /dev/null, and pipes of uid {}",
                       it.owner);
  }
  std::string operator()(const EnterRootfs& it) const {
    switch (it.how) {
      case EnterRootfs::How::Pivot:
        return "pivot_root into the root filesystem, detach the old root";
      case EnterRootfs::How::Move:
        return "move the root filesystem over / and chroot";
      case EnterRootfs::How::Chroot:
        return "chroot into the root filesystem";
      case EnterRootfs::How::IfVisible:
        return "chroot into the root filesystem if the joined namespace shows it";
    }
    return {};
  }
  std::string operator()(const MakeDirectory& it) const {
    return "make directory " + it.path + " if missing";
  }
  std::string operator()(const PropagateNewRoot& it) const {
    return "make / " + config::render_mount_flags(it.flags);
  }
  std::string operator()(const SetHostname& it) const { return "sethostname " + it.name; }
  std::string operator()(const SetDomainname& it) const { return "setdomainname " + it.name; }
  std::string operator()(const WriteSysctl& it) const {
    return fmt::format("write /proc/sys/{} {}", it.file, base::quote(it.value));
  }
  std::string operator()(const SetUmask& it) const { return fmt::format("umask {:04o}", it.mask); }
  std::string operator()(const NoNewPrivileges&) const { return "set no_new_privs"; }
  std::string operator()(const LoadSeccomp& it) const {
    return fmt::format("load the seccomp filter of {} rule{}", it.rules, it.rules == 1 ? "" : "s");
  }
  std::string operator()(const LimitBounding& it) const {
    return "bounding set: keep " + render_set(it.keep);
  }
  std::string operator()(const SetUser& it) const {
    const std::size_t more = it.user.additional_gids.size();
    if (it.groups == SetUser::Groups::Kept) {
      return fmt::format("become uid {}, gid {} and keep the caller's groups", it.user.uid,
                         it.user.gid);
    }
    return fmt::format(
        "become uid {}, gid {}{}", it.user.uid, it.user.gid,
        more == 0 ? "" : fmt::format(" and {} more group{}", more, more == 1 ? "" : "s"));
  }
  std::string operator()(const SetCapabilities& it) const {
    return fmt::format("capabilities: effective {}, permitted {}, inheritable {}, ambient {}",
                       render_set(it.sets.effective), render_set(it.sets.permitted),
                       render_set(it.sets.inheritable), render_set(it.sets.ambient));
  }
  std::string operator()(const ChangeDirectory& it) const {
    return it.as_final_user ? "verify the working directory " + it.path : "chdir " + it.path;
  }
  std::string operator()(const FindProgram& it) const { return "find the program " + it.name; }
  std::string operator()(const CloseDescriptors& it) const {
    return fmt::format("close on exec: all descriptors from {} on", 3 + it.preserve);
  }
  std::string operator()(const WaitForStart&) const { return "wait for `boxrun start`"; }
  std::string operator()(const Execute& it) const { return "execve " + base::join(it.args, " "); }
};

}  // namespace

std::string render_action(const Action& action) {
  return base::printable(std::visit(Describe{}, action));
}

std::string_view render_actor(Actor actor) {
  switch (actor) {
    case Actor::Boxrun:
      return "boxrun";
    case Actor::NamespaceStage:
      return "[1:NS]";
    case Actor::Init:
      return "[2:INIT]";
  }
  return {};
}

std::string render_plan(const Plan& plan) {
  std::string text;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    text +=
        fmt::format("{:3}  {:<8}  {}", i + 1, render_actor(step.actor), render_action(step.action));
    text += step.setting.empty() ? "\n" : fmt::format("  [{}]\n", step.setting);
  }
  return text;
}

}  // namespace boxrun::plan
