#include "runtime/cgroup/stats.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "tracer/os/file.h"

namespace boxrun::cgroup {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kNsPerUs = 1000;

/// The files of one directory. What cannot be read is simply not counted: controllers come and go.
class Directory {
 public:
  explicit Directory(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] std::string text(const std::string& file) const {
    const auto read = os::read_file(fmt::format("{}/{}", path_, file));
    return read.ok() ? std::string{base::trim(read.value())} : std::string{};
  }
  [[nodiscard]] Counter number(const std::string& file) const {
    const std::string value = text(file);
    return value == "max" ? kNoLimit : base::parse_u64(value);
  }
  /// Lines of a name and a number.
  [[nodiscard]] Counters counters(const std::string& file) const {
    Counters all;
    const std::string lines = text(file);
    for (const std::string_view line : base::split(lines, '\n')) {
      const auto fields = base::split_blanks(line);
      const auto value = fields.size() == 2 ? base::parse_u64(fields[1]) : std::nullopt;
      if (value) {
        all[std::string{fields[0]}] = *value;
      }
    }
    return all;
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::optional<Directory> directory_of(const Cgroup& cgroup, std::string_view controller) {
  const Place* place = cgroup.find(controller);
  return place == nullptr ? std::nullopt : std::optional<Directory>{place->directory};
}

Counter find(const Counters& counters, const std::string& name) {
  const auto found = counters.find(name);
  return found == counters.end() ? Counter{} : Counter{found->second};
}

Counter times(const Counter& counter, std::uint64_t factor) {
  return counter ? Counter{*counter * factor} : Counter{};
}

void read_cpu_v1(const Cgroup& cgroup, Stats& stats) {
  if (const auto account = directory_of(cgroup, "cpuacct")) {
    stats.cpu_total = account->number("cpuacct.usage");
    const Counters ticks = account->counters("cpuacct.stat");
    const auto ns_per_tick = 1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    stats.cpu_user = times(find(ticks, "user"), ns_per_tick);
    stats.cpu_kernel = times(find(ticks, "system"), ns_per_tick);
    const std::string each = account->text("cpuacct.usage_percpu");
    for (const std::string_view field : base::split_blanks(each)) {
      stats.per_cpu.push_back(base::parse_u64(field).value_or(0));
    }
  }
  if (const auto cpu = directory_of(cgroup, "cpu")) {
    stats.throttling = cpu->counters("cpu.stat");
  }
}

/// `0-2,4`; empty where it is none.
std::vector<std::uint64_t> parse_list(std::string_view text) {
  constexpr std::uint64_t kMost = 65536;  // more CPUs than Linux can have
  std::vector<std::uint64_t> numbers;
  for (const std::string_view range : base::split(text, ',')) {
    const auto dash = range.find('-');
    const auto first = base::parse_u64(range.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : base::parse_u64(range.substr(dash + 1));
    for (std::uint64_t i = first.value_or(1); i <= std::min(last.value_or(0), kMost); ++i) {
      numbers.push_back(i);
    }
  }
  return numbers;
}

void read_cpuset_v1(const Directory& directory, Cpuset& cpuset) {
  cpuset.cpus = parse_list(directory.text("cpuset.cpus"));
  cpuset.mems = parse_list(directory.text("cpuset.mems"));
  for (const char* name :
       {"cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page",
        "memory_spread_slab", "memory_pressure", "sched_load_balance"}) {
    cpuset.switches[name] = directory.number(fmt::format("cpuset.{}", name)).value_or(0);
  }
  // -1: as the system has it.
  const std::string level = directory.text("cpuset.sched_relax_domain_level");
  const bool is_negative = level.starts_with('-');
  const auto number = base::parse_u64(std::string_view{level}.substr(is_negative ? 1 : 0));
  cpuset.relax_domain_level =
      static_cast<std::int64_t>(number.value_or(0)) * (is_negative ? -1 : 1);
}

Use use_v1(const Directory& directory, const std::string& prefix) {
  return {directory.number(prefix + "usage_in_bytes"), directory.number(prefix + "limit_in_bytes"),
          directory.number(prefix + "max_usage_in_bytes"), directory.number(prefix + "failcnt")};
}

/// `8:0 Read 4096`, and a last line with the sum of all devices.
std::vector<BlockCount> parse_block_v1(std::string_view text) {
  std::vector<BlockCount> counts;
  for (const std::string_view line : base::split(text, '\n')) {
    const auto fields = base::split_blanks(line);
    const auto colon = fields.empty() ? std::string_view::npos : fields[0].find(':');
    if (fields.size() == 3 && colon != std::string_view::npos) {
      counts.push_back({base::parse_u64(fields[0].substr(0, colon)).value_or(0),
                        base::parse_u64(fields[0].substr(colon + 1)).value_or(0),
                        std::string{fields[1]}, base::parse_u64(fields[2]).value_or(0)});
    }
  }
  return counts;
}

/// `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`.
void parse_block_v2(std::string_view text, Stats& stats) {
  constexpr struct {
    std::string_view key;
    const char* table;
    const char* operation;
  } kKeys[] = {{"rbytes", "service_bytes", "Read"},
               {"wbytes", "service_bytes", "Write"},
               {"rios", "serviced", "Read"},
               {"wios", "serviced", "Write"}};
  for (const std::string_view line : base::split(text, '\n')) {
    const auto fields = base::split_blanks(line);
    const auto colon = fields.empty() ? std::string_view::npos : fields[0].find(':');
    for (std::size_t i = 1; colon != std::string_view::npos && i < fields.size(); ++i) {
      const auto equals = fields[i].find('=');
      for (const auto& key : kKeys) {
        if (equals != std::string_view::npos && fields[i].substr(0, equals) == key.key) {
          stats.block[key.table].push_back(
              {base::parse_u64(fields[0].substr(0, colon)).value_or(0),
               base::parse_u64(fields[0].substr(colon + 1)).value_or(0), key.operation,
               base::parse_u64(fields[i].substr(equals + 1)).value_or(0)});
        }
      }
    }
  }
}

void read_block_v1(const Cgroup& cgroup, Stats& stats) {
  const auto directory = directory_of(cgroup, "blkio");
  if (!directory) {
    return;
  }
  for (const auto& [table, file] : {std::pair{"service_bytes", "io_service_bytes_recursive"},
                                    {"serviced", "io_serviced_recursive"}}) {
    // The throttling layer counts whichever scheduler a device has.
    auto counts = parse_block_v1(directory->text(fmt::format("blkio.bfq.{}", file)));
    if (counts.empty()) {
      counts = parse_block_v1(directory->text(fmt::format("blkio.throttle.{}", file)));
    }
    stats.block[table] = std::move(counts);
  }
}

void read_hugepages(const Directory& directory, bool version2, Stats& stats) {
  const auto names = os::list_directory(directory.path());
  const std::string suffix = version2 ? ".current" : ".usage_in_bytes";
  for (const std::string& name : names.ok() ? names.value() : std::vector<std::string>{}) {
    constexpr std::string_view kPrefix = "hugetlb.";
    const bool is_reserved = name.find(".rsvd.") != std::string::npos;
    if (!name.starts_with(kPrefix) || !name.ends_with(suffix) || is_reserved) {
      continue;
    }
    const std::string size =
        name.substr(kPrefix.size(), name.size() - kPrefix.size() - suffix.size());
    const std::string prefix = fmt::format("hugetlb.{}.", size);
    stats.hugepages[size] = version2 ? Use{directory.number(name),
                                           directory.number(prefix + "max"),
                                           {},
                                           find(directory.counters(prefix + "events"), "max")}
                                     : use_v1(directory, prefix);
  }
}

void read_v2(const Place& place, Stats& stats) {
  const Directory directory{place.directory};
  const Counters cpu = directory.counters("cpu.stat");
  if (!stats.cpu_total) {
    stats.cpu_total = times(find(cpu, "usage_usec"), kNsPerUs);
    stats.cpu_user = times(find(cpu, "user_usec"), kNsPerUs);
    stats.cpu_kernel = times(find(cpu, "system_usec"), kNsPerUs);
  }
  if (stats.throttling.empty() && cpu.contains("nr_periods")) {
    stats.throttling = {{"nr_periods", find(cpu, "nr_periods").value_or(0)},
                        {"nr_throttled", find(cpu, "nr_throttled").value_or(0)},
                        {"throttled_time", find(cpu, "throttled_usec").value_or(0) * kNsPerUs}};
  }
  if (stats.cpuset.cpus.empty()) {
    stats.cpuset.cpus = parse_list(directory.text("cpuset.cpus.effective"));
    stats.cpuset.mems = parse_list(directory.text("cpuset.mems.effective"));
  }
  if (!stats.memory.usage) {
    const Counters events = directory.counters("memory.events");
    stats.memory = {directory.number("memory.current"), directory.number("memory.max"),
                    directory.number("memory.peak"), find(events, "max")};
    stats.memory_and_swap = {directory.number("memory.swap.current"),
                             directory.number("memory.swap.max"),
                             directory.number("memory.swap.peak"),
                             find(directory.counters("memory.swap.events"), "fail")};
    stats.memory_details = directory.counters("memory.stat");
  }
  if (!stats.processes) {
    stats.processes = directory.number("pids.current");
    stats.processes_limit = directory.number("pids.max");
  }
  if (stats.block.empty()) {
    parse_block_v2(directory.text("io.stat"), stats);
  }
  if (stats.hugepages.empty()) {
    read_hugepages(directory, /*version2=*/true, stats);
  }
}

}  // namespace

Stats read_stats(const Cgroup& cgroup) {
  Stats stats;
  read_cpu_v1(cgroup, stats);
  if (const auto cpuset = directory_of(cgroup, "cpuset")) {
    read_cpuset_v1(*cpuset, stats.cpuset);
  }
  if (const auto memory = directory_of(cgroup, "memory")) {
    stats.memory = use_v1(*memory, "memory.");
    stats.memory_and_swap = use_v1(*memory, "memory.memsw.");
    stats.kernel_memory = use_v1(*memory, "memory.kmem.");
    stats.tcp_memory = use_v1(*memory, "memory.kmem.tcp.");
    stats.memory_details = memory->counters("memory.stat");
  }
  if (const auto pids = directory_of(cgroup, "pids")) {
    stats.processes = pids->number("pids.current");
    stats.processes_limit = pids->number("pids.max");
  }
  read_block_v1(cgroup, stats);
  if (const auto huge = directory_of(cgroup, "hugetlb")) {
    read_hugepages(*huge, /*version2=*/false, stats);
  }
  if (const Place* place = cgroup.version2()) {
    read_v2(*place, stats);
  }
  if (stats.processes_limit == kNoLimit) {
    stats.processes_limit.reset();
  }
  return stats;
}

Counter read_oom_kills(const Cgroup& cgroup) {
  if (const auto memory = directory_of(cgroup, "memory")) {
    return find(memory->counters("memory.oom_control"), "oom_kill");
  }
  const Place* place = cgroup.version2();
  return place == nullptr ? Counter{}
                          : find(Directory{place->directory}.counters("memory.events"), "oom_kill");
}

}  // namespace boxrun::cgroup
