#pragma once
// What a container has used so far, as its cgroups count it.
//
// Version 1 counts per controller, in files of its own making; version 2 in *.stat files of one
// directory. What the other version does not count stays empty. Sources:
// Documentation/admin-guide/cgroup-v1/{cpuacct,memory,pids,blkio-controller,hugetlb}.rst;
// cgroup-v2.rst.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cgroup/cgroup.h"

namespace boxrun::cgroup {

using Counter = std::optional<std::uint64_t>;
using Counters = std::map<std::string, std::uint64_t>;

/// Bytes. Without a limit, `limit` is the largest number.
struct Use {
  Counter usage;
  Counter limit;
  Counter max;  ///< the most that was ever used
  Counter failures;
};

struct BlockCount {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::string operation;  ///< `Read`
  std::uint64_t value = 0;
};

/// CPUs and memory nodes, each by its number, and the switches of version 1 by the names of their
/// files without `cpuset.`.
struct Cpuset {
  std::vector<std::uint64_t> cpus;
  std::vector<std::uint64_t> mems;
  Counters switches;
  std::int64_t relax_domain_level = 0;
};

struct Stats {
  Counter cpu_total;  ///< nanoseconds, as the two below
  Counter cpu_kernel;
  Counter cpu_user;
  std::vector<std::uint64_t> per_cpu;
  Counters throttling;  ///< nr_periods, nr_throttled, throttled_time (nanoseconds)
  Cpuset cpuset;
  Use memory;
  Use memory_and_swap;
  Use kernel_memory;
  Use tcp_memory;
  Counters memory_details;  ///< memory.stat
  Counter processes;
  Counter processes_limit;                               ///< absent: any number
  std::map<std::string, std::vector<BlockCount>> block;  ///< `service_bytes`, `serviced`
  std::map<std::string, Use> hugepages;                  ///< by size: `2MB`
};

[[nodiscard]] Stats read_stats(const Cgroup& cgroup);

/// How often the kernel has killed a process of the cgroup for its memory limit, so far.
[[nodiscard]] Counter read_oom_kills(const Cgroup& cgroup);

}  // namespace boxrun::cgroup
