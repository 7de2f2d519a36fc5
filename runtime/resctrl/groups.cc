#include "runtime/resctrl/groups.h"

#include <errno.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/resctrl/schemata.h"
#include "tracer/base/procfs_text.h"
#include "tracer/os/file.h"

namespace boxrun::resctrl {
namespace {

constexpr const char* kRights = "resctrl belongs to root of the first user namespace";

bool exists(const std::string& path) {
  struct stat seen {};
  return ::stat(path.c_str(), &seen) == 0;
}

std::string read_word(const std::string& path) {
  const auto text = os::read_file(path);
  return text.ok() ? std::string{base::trim(text.value())} : std::string{};
}

/// `L3 (cbm_mask fffff, min_cbm_bits 1), L3_MON, MB (bandwidth_gran 10, min_bandwidth 10)`
std::string describe_hardware(const std::string& root) {
  std::vector<std::string> resources;
  const auto names = os::list_directory(root + "/info");
  for (const std::string& name : names.ok() ? names.value() : std::vector<std::string>{}) {
    const std::string directory = fmt::format("{}/info/{}", root, name);
    struct stat seen {};
    if (::stat(directory.c_str(), &seen) != 0 || !S_ISDIR(seen.st_mode)) {
      continue;
    }
    std::vector<std::string> facts;
    for (const char* file : {"cbm_mask", "min_cbm_bits", "bandwidth_gran", "min_bandwidth"}) {
      const std::string value = read_word(fmt::format("{}/{}", directory, file));
      if (!value.empty()) {
        facts.push_back(fmt::format("{} {}", file, value));
      }
    }
    resources.push_back(name + (facts.empty() ? "" : " (" + base::join(facts, ", ") + ")"));
  }
  return base::join(resources, ", ");
}

/// A refusal with the kernel's own reason, which only says something where resctrl was reached.
Error explain(Error error, const std::string& root, std::string hint) {
  if (error.err == EACCES || error.err == EROFS || (error.err == EPERM && hint.empty())) {
    hint = kRights;
  }
  const std::string status = read_word(root + "/info/last_cmd_status");
  if (error.err != ENOENT && error.err != EACCES && !status.empty() && status != "ok") {
    error.what += fmt::format(" (last_cmd_status: {})", base::printable(status));
  }
  error.hint = std::move(hint);
  return error;
}

Result<void> make_directory(const Groups& groups, const std::string& path, const char* limit) {
  if (::mkdir(path.c_str(), 0755) == 0) {
    return {};
  }
  const int err = errno;
  std::string hint;
  if (err == ENOSPC) {
    hint = fmt::format("the processor has no more of them: see {} and {}/info", limit, groups.root);
  } else if (err == ENOENT || err == EPERM) {
    // Counting without allotting, or the other way round.
    hint = "this processor may not have it; it has " + describe_hardware(groups.root);
  }
  return explain(Error{err, fmt::format("mkdir({})", base::quote(path)), {}}, groups.root,
                 std::move(hint));
}

void put_number(Counters& counters, const std::string& directory, const std::string& file) {
  // A counter can also be `Unavailable` or `Error`.
  if (const auto number = base::parse_u64(read_word(directory + "/" + file))) {
    counters[file] = *number;
  }
}

}  // namespace

Result<std::string> find_root(const std::string& proc) {
  TRY(const std::string mountinfo, os::read_file(proc + "/self/mountinfo"));
  for (const base::MountInfo& mount : base::parse_visible_mounts(mountinfo)) {
    if (mount.fstype == "resctrl" && mount.root == "/") {
      return mount.target;
    }
  }
  const auto says = [&proc](const char* file, std::initializer_list<std::string_view> words) {
    const auto text = os::read_file(fmt::format("{}/{}", proc, file));
    const auto lines = base::split(text.ok() ? text.value() : std::string_view{}, '\n');
    return std::ranges::any_of(lines, [&words](std::string_view line) {
      const auto all = base::split_blanks(line);
      return std::ranges::find_first_of(all, words) != all.end();
    });
  };
  std::string hint;
  if (says("filesystems", {"resctrl"})) {
    hint = "mount it: mount -t resctrl resctrl /sys/fs/resctrl";
  } else if (says("cpuinfo", {"rdt_a", "cqm_llc"})) {
    hint =
        "the processor has what it takes, but /proc/filesystems has no resctrl: the kernel is "
        "built without CONFIG_X86_CPU_RESCTRL, or rdt= on its command line switches it off";
  } else {
    hint =
        "/proc/filesystems has no resctrl, and by the flags in /proc/cpuinfo (no rdt_a, no "
        "cqm_llc) the processor could not do it: leave /linux/intelRdt out on this machine";
  }
  return Error{ENODEV, "no resctrl is mounted", std::move(hint)};
}

Result<Groups> choose_control(const std::string& root, const std::string& name, bool must_exist) {
  Groups groups{root, name == "/" ? root : root + "/" + name};
  if (exists(groups.control + "/tasks")) {
    return groups;
  }
  if (exists(groups.control)) {
    return Error{EEXIST, fmt::format("{} is no resctrl group", base::quote(groups.control)),
                 "choose another name: this one is the kernel's"};
  }
  if (must_exist) {
    return Error{ENOENT, fmt::format("stat({})", base::quote(groups.control)),
                 "without a schema the group has to be there: make it with mkdir, or add "
                 "l3CacheSchema, memBwSchema or schemata"};
  }
  groups.created = true;
  groups.made = {groups.control};
  return groups;
}

Result<void> make_control(Groups& groups) {
  if (!groups.created) {
    return {};
  }
  auto made = make_directory(groups, groups.control, "num_closids");
  if (!made.ok()) {
    groups.created = false;
    groups.made.clear();
    if (made.error().err == EEXIST) {
      return {};  // somebody else was faster
    }
  }
  return made;
}

Result<std::vector<std::string>> read_schemata(const Groups& groups) {
  TRY(const std::string text, os::read_file(groups.control + "/schemata"));
  return parse_schemata(text);
}

Result<void> set_schema(const Groups& groups, const std::string& line) {
  const std::string file = groups.control + "/schemata";
  if (groups.created) {
    // In one write(2), which has to end in a newline.
    auto written = os::write_control_file(file, line + "\n");
    return written.ok() ? std::move(written)
                        : explain(std::move(written).error(), groups.root,
                                  "the processor has " + describe_hardware(groups.root));
  }
  TRY(const auto schemata, read_schemata(groups));
  const auto present = find_schema(schemata, name_of_schema(line));
  const auto step = base::parse_u64(read_word(groups.root + "/info/MB/bandwidth_gran"));
  if (!present || !has_values(*present, line, step.value_or(0))) {
    return Error{EEXIST,
                 fmt::format("the group was there before, and {} has {}", base::quote(file),
                             present ? base::quote(*present) : "no such line"),
                 "choose another closID, or join the group as it is: without a schema"};
  }
  return {};
}

void keep_control(Groups& groups) { std::erase(groups.made, groups.control); }

void choose_monitor(Groups& groups, const std::string& name) {
  groups.monitor = groups.control + "/mon_groups/" + name;
  groups.made.push_back(groups.monitor);
}

Result<void> make_monitor(Groups& groups) {
  auto made = make_directory(groups, groups.monitor, "num_rmids");
  if (!made.ok()) {
    std::erase(groups.made, groups.monitor);
    if (made.error().err == EEXIST) {
      return Error{EEXIST, made.error().what,
                   "a container of this id is monitored already; if none is, rmdir it"};
    }
  }
  return made;
}

Result<void> join(const Groups& groups, pid_t task) {
  // In this order: a monitoring group takes tasks of its control group only.
  for (const std::string* directory : {&groups.control, &groups.monitor}) {
    if (directory->empty()) {
      continue;
    }
    auto written = os::write_control_file(*directory + "/tasks", std::to_string(task));
    if (!written.ok()) {
      return explain(std::move(written).error(), groups.root, {});
    }
  }
  return {};
}

Result<void> remove_groups(const Groups& groups) {
  for (auto path = groups.made.rbegin(); path != groups.made.rend(); ++path) {
    if (::rmdir(path->c_str()) != 0 && errno != ENOENT) {
      return explain(os::errno_error(fmt::format("rmdir({})", base::quote(*path))), groups.root,
                     {});
    }
  }
  return {};
}

Stats read_stats(const Groups& groups) {
  Stats stats;
  for (const char* file : {"min_cbm_bits", "num_closids"}) {
    put_number(stats.cache, groups.root + "/info/L3", file);
  }
  stats.cbm_mask = read_word(groups.root + "/info/L3/cbm_mask");
  for (const char* file : {"bandwidth_gran", "delay_linear", "min_bandwidth", "num_closids"}) {
    put_number(stats.bandwidth, groups.root + "/info/MB", file);
  }
  stats.root_schemata = parse_schemata(read_word(groups.root + "/schemata"));
  stats.schemata = parse_schemata(read_word(groups.control + "/schemata"));
  std::string counted = groups.monitor;
  if (counted.empty() && std::ranges::count(groups.made, groups.control) != 0) {
    counted = groups.control;
  }
  if (counted.empty()) {
    return stats;
  }
  const auto domains = os::list_directory(counted + "/mon_data");
  for (const std::string& name : domains.ok() ? domains.value() : std::vector<std::string>{}) {
    if (!name.starts_with("mon_L3_")) {
      continue;
    }
    Counters counters;
    for (const char* file : {"llc_occupancy", "mbm_total_bytes", "mbm_local_bytes"}) {
      put_number(counters, fmt::format("{}/mon_data/{}", counted, name), file);
    }
    stats.domains.push_back(std::move(counters));
  }
  return stats;
}

}  // namespace boxrun::resctrl
