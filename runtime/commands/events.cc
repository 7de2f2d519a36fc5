// `boxrun events`: what a container uses, as one line of JSON again and again, and when the kernel
// kills one of its processes for want of memory. The field names are those that containerd's shims
// and the monitors of other runtimes read.

#include <fmt/format.h>
#include <stdio.h>
#include <time.h>

#include <charconv>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "runtime/cgroup/stats.h"
#include "runtime/commands/options.h"
#include "runtime/config/parse.h"
#include "runtime/resctrl/schemata.h"

namespace boxrun::commands {
namespace {

using cgroup::Counter;
using nlohmann::ordered_json;
using std::chrono::milliseconds;

struct Options {
  std::string id;
  std::string interval = "5s";
  bool stats_once = false;
};

void put(ordered_json& object, const char* key, const Counter& counter) {
  if (counter) {
    object[key] = *counter;
  }
}

ordered_json render_use(const cgroup::Use& use) {
  ordered_json object = ordered_json::object();
  put(object, "limit", use.limit);
  put(object, "usage", use.usage);
  put(object, "max", use.max);
  put(object, "failcnt", use.failures);
  return object;
}

ordered_json render_cpu(const cgroup::Stats& stats) {
  ordered_json usage = ordered_json::object();
  put(usage, "total", stats.cpu_total);
  if (!stats.per_cpu.empty()) {
    usage["percpu"] = stats.per_cpu;
  }
  usage["kernel"] = stats.cpu_kernel.value_or(0);
  usage["user"] = stats.cpu_user.value_or(0);
  ordered_json throttling = ordered_json::object();
  for (const auto& [name, key] : {std::pair{"nr_periods", "periods"},
                                  {"nr_throttled", "throttledPeriods"},
                                  {"throttled_time", "throttledTime"}}) {
    const auto found = stats.throttling.find(name);
    if (found != stats.throttling.end()) {
      throttling[key] = found->second;
    }
  }
  return {{"usage", usage}, {"throttling", throttling}};
}

/// The numbers are there in any case, as other runtimes have them.
ordered_json render_cpuset(const cgroup::Cpuset& cpuset) {
  ordered_json object = ordered_json::object();
  const auto put_list = [&object](const char* key, const std::vector<std::uint64_t>& list) {
    if (!list.empty()) {
      object[key] = list;
    }
  };
  const auto put_switch = [&](const char* key) {
    const auto found = cpuset.switches.find(key);
    object[key] = found == cpuset.switches.end() ? 0 : found->second;
  };
  put_list("cpus", cpuset.cpus);
  put_switch("cpu_exclusive");
  put_list("mems", cpuset.mems);
  for (const char* key : {"mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page",
                          "memory_spread_slab", "memory_pressure", "sched_load_balance"}) {
    put_switch(key);
  }
  object["sched_relax_domain_level"] = cpuset.relax_domain_level;
  return object;
}

ordered_json render_memory(const cgroup::Stats& stats) {
  ordered_json memory = ordered_json::object();
  for (const char* name : {"cache", "file"}) {  // the same in version 1 and 2
    const auto found = stats.memory_details.find(name);
    if (found != stats.memory_details.end() && !memory.contains("cache")) {
      memory["cache"] = found->second;
    }
  }
  memory["usage"] = render_use(stats.memory);
  memory["swap"] = render_use(stats.memory_and_swap);
  memory["kernel"] = render_use(stats.kernel_memory);
  memory["kernelTCP"] = render_use(stats.tcp_memory);
  memory["raw"] = stats.memory_details;
  return memory;
}

ordered_json render_block(const cgroup::Stats& stats) {
  ordered_json block = ordered_json::object();
  for (const auto& [table, key] : {std::pair{"service_bytes", "ioServiceBytesRecursive"},
                                   {"serviced", "ioServicedRecursive"}}) {
    const auto found = stats.block.find(table);
    if (found == stats.block.end()) {
      continue;
    }
    for (const cgroup::BlockCount& count : found->second) {
      block[key].push_back({{"major", count.major},
                            {"minor", count.minor},
                            {"op", count.operation},
                            {"value", count.value}});
    }
  }
  return block;
}

/// What each cache counts goes into two lists: one of bandwidth, one of occupancy.
ordered_json render_resctrl(const resctrl::Groups& groups) {
  ordered_json object = ordered_json::object();
  if (groups.root.empty()) {
    return object;
  }
  const resctrl::Stats stats = resctrl::read_stats(groups);
  const auto put_schema = [&object](const char* key, const std::vector<std::string>& schemata,
                                    std::string_view name) {
    if (const auto line = resctrl::find_schema(schemata, name)) {
      object[key] = *line;
    }
  };
  if (!stats.cache.empty()) {
    object["l3_cache_info"] = stats.cache;
    object["l3_cache_info"]["cbm_mask"] = stats.cbm_mask;
  }
  put_schema("l3_cache_schema_root", stats.root_schemata, "L3");
  put_schema("l3_cache_schema", stats.schemata, "L3");
  if (!stats.bandwidth.empty()) {
    object["mem_bw_info"] = stats.bandwidth;
  }
  put_schema("mem_bw_schema_root", stats.root_schemata, "MB");
  put_schema("mem_bw_schema", stats.schemata, "MB");
  object["schemata"] = stats.schemata;
  for (const resctrl::Counters& domain : stats.domains) {
    ordered_json bandwidth = domain;
    bandwidth.erase("llc_occupancy");
    if (!bandwidth.empty()) {
      object["mbm_stats"].push_back(bandwidth);
    }
    const auto occupancy = domain.find("llc_occupancy");
    if (occupancy != domain.end()) {
      object["cmt_stats"].push_back({{"llc_occupancy", occupancy->second}});
    }
  }
  return object;
}

/// All that the container uses now.
ordered_json render_stats(const state::State& state) {
  const cgroup::Stats stats = cgroup::read_stats(state.cgroup);
  ordered_json pids = ordered_json::object();
  put(pids, "current", stats.processes);
  put(pids, "limit", stats.processes_limit);
  ordered_json hugepages = ordered_json::object();
  for (const auto& [size, use] : stats.hugepages) {
    hugepages[size] = render_use(use);
  }
  return {{"cpu", render_cpu(stats)},
          {"cpuset", render_cpuset(stats.cpuset)},
          {"memory", render_memory(stats)},
          {"pids", pids},
          {"blkio", render_block(stats)},
          {"hugetlb", hugepages},
          {"intel_rdt", render_resctrl(state.resctrl)},
          {"network_interfaces", nullptr}};
}

/// @returns false when nobody reads any more
bool print_event(const char* type, const std::string& id, const ordered_json& data) {
  ordered_json event = {{"type", type}, {"id", id}};
  if (!data.is_null()) {
    event["data"] = data;
  }
  const std::string line = event.dump() + "\n";
  return std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
         std::fflush(stdout) == 0;
}

/// `5s`, `500ms`, `1m`, `1m30s`: durations as Go writes them; at least a millisecond.
std::optional<milliseconds> parse_duration(std::string_view text) {
  double total = 0;
  do {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0) {
      return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    constexpr struct {
      std::string_view word;
      double milliseconds;
    } kUnits[] = {{"ms", 1}, {"us", 0.001}, {"ns", 0.000001}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}};
    bool known = false;
    for (const auto& unit : kUnits) {
      if (text.starts_with(unit.word)) {
        total += number * unit.milliseconds;
        text.remove_prefix(unit.word.size());
        known = true;
        break;
      }
    }
    if (!known) {
      return std::nullopt;
    }
  } while (!text.empty());
  constexpr double kMost = 1e12;
  return total >= 1 && total < kMost ? std::optional{milliseconds{static_cast<std::int64_t>(total)}}
                                     : std::nullopt;
}

/// Until the container has stopped, or nobody reads any more.
void watch(const Session& session, const state::State& state, milliseconds interval) {
  using Clock = std::chrono::steady_clock;
  const auto status = [&] { return state::read_status(state, session.store.fifo_path(state.id)); };
  Counter killed = cgroup::read_oom_kills(state.cgroup);
  auto next = Clock::now() + interval;
  constexpr milliseconds kLook{200};
  while (status() != state::Status::Stopped) {
    std::this_thread::sleep_until(std::min(next, Clock::now() + kLook));
    const Counter now = cgroup::read_oom_kills(state.cgroup);
    if (now > killed && !print_event("oom", state.id, nullptr)) {
      return;
    }
    killed = std::max(now, killed);
    if (Clock::now() >= next) {
      next += interval;
      if (!print_event("stats", state.id, render_stats(state))) {
        return;
      }
    }
  }
}

Result<void> show(const Session& session, const Options& options) {
  TRY_OK(config::parse_container_id(options.id));
  const auto interval = parse_duration(options.interval);
  if (!interval) {
    return Error{0, fmt::format("--interval: {} is not a duration", base::quote(options.interval)),
                 "for example 5s, 500ms or 1m"};
  }
  TRY(const state::State state, session.store.read(options.id));
  const auto status = state::read_status(state, session.store.fifo_path(options.id));
  if (status == state::Status::Stopped || status == state::Status::Creating) {
    return Error{0,
                 fmt::format("container \"{}\" is {}: there is nothing to watch", options.id,
                             state::render_status(status)),
                 {}};
  }
  if (options.stats_once) {
    print_event("stats", state.id, render_stats(state));
  } else {
    watch(session, state, *interval);
  }
  return {};
}

}  // namespace

void add_events(CLI::App& app, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("events", "print what a container uses, and its oom kills");
  const auto options = std::make_shared<Options>();
  verb->add_option("id", options->id, "the container")->required();
  verb->add_option("--interval", options->interval, "time between two lines (default: 5s)");
  verb->add_flag("--stats", options->stats_once, "print one line and end");
  verb->callback([options, &chosen] {
    chosen = [options](const Session& session) {
      const auto shown = show(session, *options);
      return shown.ok() ? 0 : fail(session, shown.error());
    };
  });
}

}  // namespace boxrun::commands
