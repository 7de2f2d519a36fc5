#include "tracer/ptrace/observe.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "decoders/spec.h"
#include "tracer/base/text.h"
#include "tracer/os/file.h"
#include "tracer/ptrace/proc_text.h"

namespace boxtrace::ptrace {
namespace {

// In the order of raw::NsKind. Source: fs/proc/namespaces.c: ns_entries.
constexpr std::array<std::string_view, raw::kNsKinds> kNsLinks{"mnt", "uts",    "ipc",  "pid",
                                                               "net", "cgroup", "user", "time"};

std::string task_path(base::HostTid tid) { return fmt::format("{}", tid.value); }

constexpr bool wants(std::uint32_t mask, decoders::Observe what) { return (mask & what) != 0; }

base::NsInode own(const raw::NsLinks& links, raw::NsKind kind) {
  return links.own.at(static_cast<std::size_t>(kind));
}

void leave_out_filter(raw::Status& status) {
  // Without the count, which the kernel has shown since 5.9, nothing can be said.
  if (status.seccomp_filters > 0 && --status.seccomp_filters == 0) {
    status.seccomp_mode = 0;
  }
}

}  // namespace

base::Result<Observer> Observer::open(const std::string& proc) {
  Observer observer;
  TRY(observer.proc_, os::open_file(proc, O_PATH | O_DIRECTORY));
  // proc_self_get_link() answers in the pid namespace of the mount.
  observer.usable_ = observer.link("self") == fmt::format("{}", ::getpid());
  observer.host_ = observer.ns_links("self");
  const auto status = observer.read("self/status");
  observer.may_trace_all_ =
      status && (parse_status(*status).cap_eff & (1ULL << CAP_SYS_PTRACE)) != 0;
  return observer;
}

std::optional<std::string> Observer::read(const std::string& path) const {
  auto text = os::read_file_at(proc_, path);
  return text.ok() ? std::optional{std::move(text).value()} : std::nullopt;
}

std::optional<std::string> Observer::link(const std::string& path) const {
  auto target = os::read_link_at(proc_, path);
  return target.ok() ? std::optional{std::move(target).value()} : std::nullopt;
}

raw::NsLinks Observer::ns_links(const std::string& task) const {
  const auto inode = [&](std::string_view name) {
    const auto target = link(fmt::format("{}/ns/{}", task, name));
    return (target ? base::parse_ns_link(*target) : std::nullopt).value_or(base::NsInode{});
  };
  raw::NsLinks links;
  for (std::size_t i = 0; i < kNsLinks.size(); ++i) {
    links.own.at(i) = inode(kNsLinks.at(i));
  }
  links.pid_for_children = inode("pid_for_children");
  links.time_for_children = inode("time_for_children");
  return links;
}

std::optional<std::vector<raw::FdTarget>> Observer::open_fds(const std::string& task) const {
  const auto names = os::list_directory_at(proc_, task + "/fd");
  if (!names.ok()) {
    return std::nullopt;
  }
  std::vector<raw::FdTarget> fds;
  for (const std::string& name : names.value()) {
    const auto number = base::parse_i64(name);
    auto target = link(fmt::format("{}/fd/{}", task, name));
    if (number && target) {
      fds.push_back({base::FdNum{static_cast<std::int32_t>(*number)}, std::move(*target)});
    }
  }
  std::sort(fds.begin(), fds.end(),
            [](const raw::FdTarget& a, const raw::FdTarget& b) { return a.fd < b.fd; });
  return fds;
}

std::optional<raw::FilePrivilege> Observer::grants_of(const std::string& task) const {
  const auto file = os::open_file_at(proc_, task + "/exe", O_PATH);
  struct stat attributes {};
  struct statvfs mount {};
  if (!file.ok() || ::fstat(file.value().get(), &attributes) != 0) {
    return std::nullopt;
  }
  raw::FilePrivilege grants;
  grants.mode = attributes.st_mode & ~static_cast<mode_t>(S_IFMT);
  grants.uid = attributes.st_uid;
  grants.gid = attributes.st_gid;
  std::array<std::byte, 64> caps{};
  // fgetxattr() refuses descriptors of O_PATH.
  const ssize_t size = ::getxattr(fmt::format("/proc/self/fd/{}", file.value().get()).c_str(),
                                  "security.capability", caps.data(), caps.size());
  if (size > 0) {
    grants.caps = parse_file_capabilities({caps.data(), static_cast<std::size_t>(size)});
  }
  if ((grants.mode & (S_ISUID | S_ISGID)) == 0 && grants.caps == 0) {
    return std::nullopt;
  }
  grants.nosuid = ::fstatvfs(file.value().get(), &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0;
  grants.tracer_may = may_trace_all_;
  return grants;
}

raw::Observation Observer::observe(base::HostTid tid, std::uint32_t mask,
                                   raw::Observation::At at) const {
  raw::Observation seen;
  seen.at = at;
  if (!usable_) {
    return seen;
  }
  const std::string task = task_path(tid);
  if (wants(mask, decoders::kObserveNs)) {
    const raw::NsLinks links = ns_links(task);
    if (own(links, raw::NsKind::Mnt).value !=
        0) {  // all zero: the task is gone, or not ours to see
      seen.ns = links;
    }
  }
  if (wants(mask, decoders::kObserveStatus)) {
    if (const auto text = read(task + "/status")) {
      seen.status = parse_status(*text);
      if (has_our_filter_) {
        leave_out_filter(*seen.status);
      }
    }
  }
  if (wants(mask, decoders::kObserveIdMaps)) {
    if (const auto text = read(task + "/uid_map")) {
      seen.uid_map = base::parse_id_map(*text);
    }
    if (const auto text = read(task + "/gid_map")) {
      seen.gid_map = base::parse_id_map(*text);
    }
  }
  if (wants(mask, decoders::kObserveCgroup)) {
    if (const auto text = read(task + "/cgroup")) {
      seen.cgroup = parse_lines(*text);
    }
  }
  if (wants(mask, decoders::kObserveRoot)) {
    seen.root = link(task + "/root");
    seen.cwd = link(task + "/cwd");
  }
  if (wants(mask, decoders::kObserveMounts)) {
    if (const auto text = read(task + "/mountinfo")) {
      seen.mounts = base::parse_mountinfo(*text);
    }
  }
  return seen;
}

raw::Observation Observer::observe_exec(base::HostTid tid) const {
  raw::Observation seen = observe_all(tid, raw::Observation::At::Exec);
  if (usable_) {
    seen.grants = grants_of(task_path(tid));
  }
  return seen;
}

raw::Observation Observer::observe_attached(base::HostTid tid) const {
  raw::Observation seen = observe_all(tid, raw::Observation::At::Start);
  seen.exe = exe(tid);
  seen.argv = argv(tid);
  return seen;
}

raw::Observation Observer::observe_all(base::HostTid tid, raw::Observation::At at) const {
  raw::Observation seen =
      observe(tid,
              decoders::kObserveNs | decoders::kObserveStatus | decoders::kObserveIdMaps |
                  decoders::kObserveCgroup | decoders::kObserveRoot,
              at);
  if (!usable_) {
    return seen;
  }
  const std::string task = task_path(tid);
  if (seen.ns && own(*seen.ns, raw::NsKind::Mnt) != own(host_, raw::NsKind::Mnt)) {
    if (const auto text = read(task + "/mountinfo")) {
      seen.mounts = base::parse_mountinfo(*text);
    }
  }
  seen.fds = open_fds(task);
  if (const auto text = read(task + "/limits")) {
    seen.limits = parse_rlimits(*text);
  }
  if (const auto text = read(task + "/oom_score_adj")) {
    if (const auto value = base::parse_i64(base::trim(*text))) {
      seen.oom_score_adj = static_cast<int>(*value);
    }
  }
  return seen;
}

std::optional<std::string> Observer::fd_target(base::HostTid tid, base::FdNum fd) const {
  return usable_ ? link(fmt::format("{}/fd/{}", tid.value, fd.value)) : std::nullopt;
}

bool Observer::is_namespace(base::HostTid tid, base::FdNum fd) const {
  struct stat file {};
  struct stat any_namespace {};
  // All namespaces are files of one filesystem, nsfs, whichever path leads to them.
  return usable_ &&
         ::fstatat(proc_.get(), fmt::format("{}/fd/{}", tid.value, fd.value).c_str(), &file, 0) ==
             0 &&
         ::fstatat(proc_.get(), "self/ns/mnt", &any_namespace, 0) == 0 &&
         file.st_dev == any_namespace.st_dev;
}

std::string Observer::fd_detail(base::HostTid tid, base::FdNum fd,
                                const std::string& target) const {
  if (!usable_) {
    return {};
  }
  if (target.find("[pidfd]") != std::string::npos) {
    const auto said = read(fmt::format("{}/fdinfo/{}", tid.value, fd.value)).value_or("");
    for (const std::string_view line : base::split(said, '\n')) {
      if (line.substr(0, 4) == "Pid:") {
        return fmt::format("pid:{}", base::trim(line.substr(4)));
      }
    }
    return {};
  }
  struct stat attributes {};
  const std::string path = fmt::format("{}/fd/{}", tid.value, fd.value);
  if (::fstatat(proc_.get(), path.c_str(), &attributes, 0) != 0) {
    return {};
  }
  const std::string_view kind = S_ISCHR(attributes.st_mode)   ? "char"
                                : S_ISBLK(attributes.st_mode) ? "block"
                                                              : "";
  return kind.empty()
             ? std::string{}
             : fmt::format("{} {}:{}", kind, major(attributes.st_rdev), minor(attributes.st_rdev));
}

std::optional<std::string> Observer::exe(base::HostTid tid) const {
  return usable_ ? link(fmt::format("{}/exe", tid.value)) : std::nullopt;
}

std::optional<std::string> Observer::maps(base::HostTid tid) const {
  return usable_ ? read(task_path(tid) + "/maps") : std::nullopt;
}

std::optional<os::UniqueFd> Observer::open_file(base::HostTid tid, const std::string& name) const {
  auto fd = usable_ ? os::open_file_at(proc_, task_path(tid) + "/" + name,
                                       O_RDONLY | O_NONBLOCK | O_NOCTTY)
                    : base::Error{};
  return fd.ok() ? std::optional{std::move(fd).value()} : std::nullopt;
}

std::optional<std::vector<std::string>> Observer::argv(base::HostTid tid) const {
  const auto text = text_of(tid, "cmdline");
  if (!text) {
    return std::nullopt;
  }
  std::vector<std::string> words;
  // Each ends with a NUL; a program may have overwritten them with anything.
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\0');
    words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return words;
}

std::optional<std::string> Observer::text_of(base::HostTid tid, std::string_view file) const {
  return usable_ ? read(fmt::format("{}/{}", tid.value, file)) : std::nullopt;
}

base::Result<std::vector<base::HostTid>> Observer::threads_of(base::HostPid pid) const {
  TRY(const std::vector<std::string> names,
      os::list_directory_at(proc_, fmt::format("{}/task", pid.value)));
  std::vector<base::HostTid> threads;
  for (const std::string& name : names) {
    if (const auto number = base::parse_i64(name)) {
      threads.push_back({static_cast<std::int32_t>(*number)});
    }
  }
  return threads;
}

std::optional<base::HostPid> Observer::group_of(base::HostTid tid) const {
  const auto text = text_of(tid, "status");
  const auto tgid = text ? base::parse_status_field(*text, "Tgid") : std::nullopt;
  const auto value = tgid ? base::parse_i64(*tgid) : std::nullopt;
  return value ? std::optional{base::HostPid{static_cast<std::int32_t>(*value)}} : std::nullopt;
}

std::string cgroup_layout(const std::vector<base::MountInfo>& mounts) {
  const auto has = [&mounts](std::string_view fstype) {
    return std::any_of(mounts.begin(), mounts.end(),
                       [fstype](const base::MountInfo& mount) { return mount.fstype == fstype; });
  };
  const bool v1 = has("cgroup");
  const bool v2 = has("cgroup2");
  return v1 && v2 ? "hybrid" : v1 ? "v1" : v2 ? "v2" : "none";
}

}  // namespace boxtrace::ptrace
