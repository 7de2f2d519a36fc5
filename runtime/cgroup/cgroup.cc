#include "runtime/cgroup/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <set>
#include <thread>

#include "runtime/cgroup/device_program.h"
#include "runtime/cgroup/freezer.h"
#include "runtime/cgroup/limits.h"
#include "tracer/base/procfs_text.h"
#include "tracer/os/file.h"

namespace boxrun::cgroup {
namespace {

bool is_refusal(int err) { return err == EACCES || err == EPERM || err == EROFS; }

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// In cgroup v1 a new cpuset has neither CPUs nor memory nodes, and takes no process before it has.
Result<void> fill_cpuset(const std::string& directory) {
  for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
    TRY(const std::string present, os::read_file(directory + file));
    if (base::trim(present).empty()) {
      TRY(const std::string inherited, os::read_file(parent_of(directory) + file));
      TRY_OK(os::write_control_file(directory + file, base::trim(inherited)));
    }
  }
  return {};
}

/// Whether a directory of version 2 has the controller: its files are there.
bool has_controller(const std::string& directory, std::string_view controller) {
  const auto offered = os::read_file(directory + "/cgroup.controllers");
  return offered.ok() &&
         std::ranges::count(base::split_blanks(base::trim(offered.value())), controller) > 0;
}

constexpr const char* kDelegation =
    "without root's rights limits need a cgroup that is delegated to the user";

/// A hierarchy may have it all the same: one that a rootless boxrun may not write to was left out.
Error no_controller(const Limit& limit) {
  const auto layout = read_layout();
  if (layout.ok() && std::ranges::any_of(layout.value(), [&limit](const Hierarchy& hierarchy) {
        return std::ranges::count(hierarchy.controllers, limit.controller) != 0;
      })) {
    return {EACCES,
            fmt::format("{}: no right to make a cgroup where the {} controller is", limit.setting,
                        limit.controller),
            kDelegation};
  }
  return {ENOENT,
          fmt::format("{}: no cgroup hierarchy here has the {} controller", limit.setting,
                      limit.controller),
          "leave the limit out, or mount the controller below /sys/fs/cgroup"};
}

/// Offers version-2 controllers to the children of every directory above `directory`.
Result<void> enable_controllers(const Place& place, const std::set<std::string>& wanted) {
  std::string path = place.mount_point;
  const std::string below = place.directory.substr(place.mount_point.size());
  for (const std::string_view part : base::split(below, '/')) {
    if (part.empty()) {
      continue;
    }
    TRY(const std::string offered, os::read_file(path + "/cgroup.controllers"));
    TRY(const std::string given, os::read_file(path + "/cgroup.subtree_control"));
    const auto enabled_before = base::split_blanks(base::trim(given));
    for (const std::string_view controller : base::split_blanks(base::trim(offered))) {
      // What is enabled may be above what we have rights to.
      if (wanted.contains(std::string{controller}) &&
          std::ranges::find(enabled_before, controller) == enabled_before.end()) {
        auto enabled = os::write_control_file(path + "/cgroup.subtree_control",
                                              fmt::format("+{}", controller));
        if (!enabled.ok() && enabled.error().err == EBUSY) {
          Error error = std::move(enabled).error();
          error.hint =
              "a cgroup with processes of its own cannot limit those below it: choose a "
              "/linux/cgroupsPath elsewhere";
          return error;
        }
        TRY_OK(std::move(enabled));
      }
    }
    path += fmt::format("/{}", part);
  }
  return {};
}

bool exists(const std::string& path) {
  struct stat seen {};
  return ::stat(path.c_str(), &seen) == 0;
}

/// The directories from below the mount point down to the container's own.
std::vector<std::string> path_of(const Place& place) {
  std::vector<std::string> path;
  std::string directory = place.mount_point;
  const std::string below = place.directory.substr(place.mount_point.size());
  for (const std::string_view part : base::split(below, '/')) {
    if (!part.empty()) {
      directory += fmt::format("/{}", part);
      path.push_back(directory);
    }
  }
  return path;
}

/// Directories on the way to a container's own that a boxrun has made bear this mark. Which of the
/// containers below is the last cannot be known when they are made, so whoever leaves such a
/// directory empty removes it.
constexpr const char* kMark = "user.boxrun.made";

bool is_marked(const std::string& directory) {
  return ::getxattr(directory.c_str(), kMark, nullptr, 0) >= 0;
}

void mark(const std::string& directory) { ::setxattr(directory.c_str(), kMark, "1", 1, 0); }

/// mkdir -p below the mount point.
Result<void> make_directory(const Place& place) {
  const bool is_cpuset = std::ranges::find(place.controllers, "cpuset") != place.controllers.end();
  for (const std::string& directory : path_of(place)) {
    if (::mkdir(directory.c_str(), 0755) == 0) {
      if (directory != place.directory) {
        mark(directory);
      }
    } else if (errno != EEXIST) {
      return os::errno_error(fmt::format("mkdir({})", base::quote(directory)));
    }
    if (is_cpuset) {
      TRY_OK(fill_cpuset(directory));
    }
  }
  return {};
}

/// Another container may end between two of our steps and take a shared directory with it.
Result<void> make_directory_again(const Place& place) {
  constexpr int kAttempts = 10;
  auto made = make_directory(place);
  for (int attempt = 1; attempt < kAttempts && !made.ok() && made.error().err == ENOENT;
       ++attempt) {
    made = make_directory(place);
  }
  return made;
}

Result<void> write_limit(const Limit& limit, const Place& place,
                         std::vector<std::string>& warnings) {
  const std::string path = place.directory + "/" + limit.file;
  auto written = os::write_control_file(path, limit.value);
  if (!written.ok() && written.error().err == ENOENT && !limit.other_file.empty()) {
    written = os::write_control_file(place.directory + "/" + limit.other_file, limit.value);
  }
  if (written.ok()) {
    return {};
  }
  Error error = std::move(written).error();
  if (error.err == ENOENT && limit.if_missing != IfMissing::Refuse) {
    if (limit.if_missing == IfMissing::Warn) {
      warnings.push_back(
          fmt::format("{}: not applied: this kernel has no {}", limit.setting, limit.file));
    }
    return {};
  }
  if (error.err == ENOENT && place.version2 && !has_controller(place.directory, limit.controller)) {
    return no_controller(limit);
  }
  if (error.err == ENOENT) {
    error.hint = fmt::format("this kernel's {} controller has no {}", limit.controller, limit.file);
  } else if (error.err == EINVAL || error.err == ERANGE) {
    error.hint = "the kernel does not take this value";
  } else if (error.err == EBUSY && limit.file == "memory.limit_in_bytes") {
    error.hint = "the cgroup uses more memory than that already";
  } else if (error.err == ENODEV) {
    error.hint = "there is no such device";
  } else if (error.err == EPERM) {
    error.hint = "needs CAP_SYS_ADMIN in the first user namespace";
  }
  return std::move(error).within(limit.setting);
}

/// The hierarchy of version 1 that has a line's controller; `io` is called `blkio` there.
const Place* version1_of(const Limit& limit, const Cgroup& cgroup) {
  return cgroup.find(limit.version2 && limit.controller == "io" ? "blkio" : limit.controller);
}

/// The place that a line is for, or null: each controller is in one hierarchy only.
const Place* place_of(const Limit& limit, const Cgroup& cgroup) {
  const Place* version1 = version1_of(limit, cgroup);
  if (!limit.version2) {
    return version1;
  }
  return version1 == nullptr ? cgroup.version2() : nullptr;
}

}  // namespace

Result<void> write_limits(const std::vector<Limit>& limits, const Cgroup& cgroup,
                          std::vector<std::string>& warnings) {
  std::set<std::string> applied;
  std::vector<Limit> refused;
  for (const Limit& limit : limits) {
    if (const Place* place = place_of(limit, cgroup)) {
      applied.insert(limit.setting);
      if (!write_limit(limit, *place, warnings).ok()) {
        refused.push_back(limit);
      }
    }
  }
  for (const Limit& limit : refused) {
    TRY_OK(write_limit(limit, *place_of(limit, cgroup), warnings));
  }
  for (const Limit& limit : limits) {
    // A line of version 2 is not missed where version 1 has the controller and a line of its own.
    const bool is_other_form = limit.version2 && version1_of(limit, cgroup) != nullptr &&
                               !limit.setting.starts_with("/linux/resources/unified/");
    if (applied.contains(limit.setting) || is_other_form) {
      continue;
    }
    const Place* version2 = cgroup.version2();
    const bool is_elsewhere =
        version2 != nullptr && has_controller(version2->directory, limit.controller);
    if (limit.if_missing == IfMissing::Refuse && is_elsewhere) {
      return Error{ENOENT,
                   fmt::format("{}: cgroup v2 has nothing like {}", limit.setting, limit.file),
                   "leave the limit out: on this host the controller is one of version 2"};
    }
    if (limit.version2 && version1_of(limit, cgroup) != nullptr) {
      return Error{
          EINVAL,
          fmt::format("{}: invalid configuration: the {} controller is in cgroup v1 here",
                      limit.setting, limit.controller),
          "unified names files of cgroup v2: use the other fields of /linux/resources instead"};
    }
    if (limit.if_missing == IfMissing::Refuse) {
      return no_controller(limit);
    }
    warnings.push_back(
        fmt::format("{}: not applied: cgroup v2 has nothing like {}", limit.setting, limit.file));
  }
  return {};
}

std::vector<Limit> read_limits(const std::vector<Limit>& limits, const Cgroup& cgroup) {
  std::vector<Limit> present;
  for (const Limit& limit : limits) {
    const Place* place = place_of(limit, cgroup);
    for (const std::string* file : {&limit.file, &limit.other_file}) {
      const auto text = place == nullptr || file->empty()
                            ? Result<std::string>{Error{}}
                            : os::read_file(place->directory + "/" + *file);
      if (text.ok()) {
        present.push_back(limit);
        present.back().value = value_to_restore(limit, text.value());
        break;
      }
    }
  }
  return present;
}

namespace {

/// Without rights over devices of the host there is little to take away.
Result<void> leave_out(const Error& error, std::vector<std::string>& warnings) {
  warnings.push_back("not applied: " + base::render_error(error));
  return {};
}

/// Lists in version 1, a program in version 2.
Result<void> write_device_rules(const config::Config& config, bool rootless, const Cgroup& cgroup,
                                std::vector<std::string>& warnings) {
  if (config.resources->devices.empty()) {
    return {};
  }
  if (const Place* place = cgroup.find("devices")) {
    for (const Limit& limit : make_device_limits(*config.resources)) {
      auto written = write_limit(limit, *place, warnings);
      if (!written.ok() && written.error().err == EPERM && rootless) {
        return leave_out(written.error(), warnings);
      }
      TRY_OK(std::move(written));
    }
    return {};
  }
  const Place* place = cgroup.version2();
  auto attached =
      place == nullptr
          ? Result<void>{Error{ENOENT, "no hierarchy has a devices controller", {}}}
          : attach_device_program(make_device_program(all_device_rules(*config.resources)),
                                  place->directory);
  if (!attached.ok()) {
    Error error = std::move(attached).error().within("/linux/resources/devices");
    return rootless ? leave_out(error, warnings) : Result<void>{std::move(error)};
  }
  return {};
}

void sleep_for(std::chrono::milliseconds duration) { std::this_thread::sleep_for(duration); }

/// The directories right below one.
std::vector<std::string> list_below(const std::string& directory) {
  std::vector<std::string> below;
  const std::unique_ptr<DIR, int (*)(DIR*)> open{::opendir(directory.c_str()), ::closedir};
  while (const dirent* entry = open == nullptr ? nullptr : ::readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") {
      below.push_back(fmt::format("{}/{}", directory, name));
    }
  }
  return below;
}

/// Children first: a cgroup directory is removed only when it has no sub-directory. Its files need
/// not (and cannot) be deleted.
int remove_tree(const std::string& directory) {
  if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) {
    return 0;
  }
  for (const std::string& path : list_below(directory)) {
    remove_tree(path);
  }
  return ::rmdir(directory.c_str()) == 0 || errno == ENOENT ? 0 : errno;
}

void collect_processes(const std::string& directory, std::set<int>& pids) {
  const auto text = os::read_file(directory + "/cgroup.procs");
  if (text.ok()) {
    for (const std::string_view line : base::split(text.value(), '\n')) {
      const auto pid = base::parse_u64(line);
      if (pid && *pid > 0) {
        pids.insert(static_cast<int>(*pid));
      }
    }
  }
  for (const std::string& path : list_below(directory)) {
    collect_processes(path, pids);
  }
}

std::vector<Limit> limits_of(const config::Config& config) {
  return config.resources ? make_limits(*config.resources) : std::vector<Limit>{};
}

/// A cgroup that exists may be another container's, or frozen, as may be one above it, in which
/// case init would hang without a word. Groups below it matter too: what is in them would be killed
/// with the container.
Result<void> check_unused(const Place& place) {
  std::set<int> processes;
  collect_processes(place.directory, processes);
  if (!processes.empty()) {
    return Error{EBUSY,
                 fmt::format("the cgroup {} has processes already, {} for one", place.directory,
                             *processes.begin()),
                 "another container or program uses it: choose another /linux/cgroupsPath"};
  }
  for (const std::string& directory : path_of(place)) {
    Cgroup one;
    one.places.push_back(place);
    one.places.front().directory = directory;
    if (is_frozen(one)) {
      return Error{
          EBUSY, fmt::format("the cgroup {} is frozen", directory),
          "a process in it would never run: thaw it, or choose another /linux/cgroupsPath"};
    }
  }
  return {};
}

}  // namespace

const Place* Cgroup::find(std::string_view controller) const {
  for (const Place& place : places) {
    if (!place.version2 &&
        std::ranges::find(place.controllers, controller) != place.controllers.end()) {
      return &place;
    }
  }
  return nullptr;
}

const Place* Cgroup::version2() const {
  const auto found = std::ranges::find(places, true, &Place::version2);
  return found == places.end() ? nullptr : &*found;
}

Cgroup Cgroup::part(bool in_version2) const {
  Cgroup some;
  some.parents = parents;  // those of places that are not there are never looked at
  std::ranges::copy_if(places, std::back_inserter(some.places),
                       [in_version2](const Place& place) { return place.version2 == in_version2; });
  return some;
}

Result<std::vector<Hierarchy>> read_layout() {
  TRY(const std::string mounts, os::read_file("/proc/self/mountinfo"));
  TRY(const std::string membership, os::read_file("/proc/self/cgroup"));
  return parse_layout(mounts, membership);
}

bool is_version2_alone() {
  struct statfs seen {};
  return ::statfs("/sys/fs/cgroup", &seen) == 0 && seen.f_type == CGROUP2_SUPER_MAGIC;
}

Result<Cgroup> choose_places(const std::string& path) {
  TRY(const auto hierarchies, read_layout());
  Cgroup cgroup;
  for (const Hierarchy& hierarchy : hierarchies) {
    const Place place{hierarchy.version2, hierarchy.controllers, hierarchy.mount_point,
                      container_directory(hierarchy, path)};
    if (place.directory == place.mount_point) {
      return Error{0, fmt::format("/linux/cgroupsPath: \"{}\" is the root of the hierarchy", path),
                   "a container needs a cgroup of its own"};
    }
    for (const std::string& directory : path_of(place)) {
      if (directory != place.directory && !exists(directory)) {
        cgroup.parents.push_back(directory);
      }
    }
    cgroup.places.push_back(place);
  }
  return cgroup;
}

Result<void> check_unused(const Cgroup& cgroup) {
  for (const Place& place : cgroup.places) {
    TRY_OK(check_unused(place));
  }
  return {};
}

Result<void> make_directories(const config::Config& config, bool rootless, Cgroup& cgroup) {
  std::set<std::string> wanted;
  for (const Limit& limit : limits_of(config)) {
    wanted.insert(limit.controller);
  }
  std::vector<Place> made;
  for (const Place& place : cgroup.places) {
    auto ready = make_directory_again(place);
    if (ready.ok() && place.version2 && !wanted.empty()) {
      ready = enable_controllers(place, wanted);
    }
    if (ready.ok()) {
      made.push_back(place);
    } else if (!rootless || !is_refusal(ready.error().err)) {
      return std::move(ready).within("/linux/cgroupsPath");
    } else {
      remove_tree(place.directory);
    }
  }
  cgroup.places = std::move(made);
  return {};
}

Result<void> check_limitless(const config::Config& config) {
  const auto limits = limits_of(config);
  if (limits.empty()) {
    return {};
  }
  return Error{EACCES, fmt::format("{}: no right to make a cgroup", limits.front().setting),
               kDelegation};
}

Result<void> limit_cgroup(const config::Config& config, bool rootless, const Cgroup& cgroup,
                          std::vector<std::string>& warnings) {
  TRY_OK(write_limits(limits_of(config), cgroup, warnings));
  return config.resources ? write_device_rules(config, rootless, cgroup, warnings) : Result<void>{};
}

std::vector<int> read_processes(const Cgroup& cgroup) {
  std::set<int> pids;
  if (!cgroup.places.empty()) {
    const Place* place = cgroup.find("pids");
    collect_processes((place == nullptr ? cgroup.places.front() : *place).directory, pids);
  }
  return {pids.begin(), pids.end()};
}

Result<void> signal_all(const Cgroup& cgroup, int signal) {
  const Freezer freezer = freezer_of(cgroup);
  const bool was_frozen = is_frozen(cgroup);
  const bool froze = !freezer.file.empty() && !was_frozen &&
                     os::write_control_file(freezer.file, freezer.frozen).ok();
  for (const int pid : read_processes(cgroup)) {
    // ESRCH: it was faster.
    ::kill(pid, signal);
  }
  if (froze || (was_frozen && signal == SIGKILL)) {
    // A frozen process of version 1 dies of SIGKILL only when it is thawed.
    return os::write_control_file(freezer.file, freezer.thawed);
  }
  return {};
}

Result<void> remove_cgroup(const Cgroup& cgroup) {
  using std::chrono::milliseconds;
  for (const Place& place : cgroup.places) {
    int err = 0;
    // A process that has been reaped still counts until its exit is complete: EBUSY for a while.
    for (milliseconds pause{1}; pause < milliseconds{2000}; pause *= 2) {
      err = remove_tree(place.directory);
      if (err != EBUSY) {
        break;
      }
      sleep_for(pause);
    }
    if (err != 0) {
      return Error{err, fmt::format("rmdir({})", base::quote(place.directory)),
                   err == EBUSY ? "processes are left in the cgroup: see its cgroup.procs" : ""};
    }
  }
  for (const Place& place : cgroup.places) {
    for (std::string parent = parent_of(place.directory); parent.size() > place.mount_point.size();
         parent = parent_of(parent)) {
      if (!is_marked(parent)) {
        if (std::ranges::find(cgroup.parents, parent) == cgroup.parents.end()) {
          break;
        }
        // Its maker was killed before it could, and who is in it now could not tell whose it is. To
        // mark it first and then to try leaves nobody out: who leaves it later sees the mark.
        mark(parent);
      }
      if (::rmdir(parent.c_str()) != 0) {
        break;  // ENOTEMPTY: other containers are in it
      }
    }
  }
  return {};
}

}  // namespace boxrun::cgroup
