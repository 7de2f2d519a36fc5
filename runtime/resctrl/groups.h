#pragma once
// Groups of resctrl, in which the kernel allots caches and memory bandwidth to tasks and counts
// what they use of them (Intel RDT, AMD QoS).
//
// A directory right below the mount point is a control group: tasks in it share a class of service,
// whose shares are in `schemata`. A directory in its `mon_groups` is a monitoring group: some of
// its tasks, counted apart in `mon_data`. mkdir(2) fills both with files, and rmdir(2) removes them
// with those, their tasks going back to the group above. Processors have few classes, often 16, so
// containers share groups, and a group that was there before is not ours to change or to remove.
//
// What a write was refused for is in `info/last_cmd_status`, one for the whole machine.
//
// Everything works on the directories of a `Groups`, wherever they are. Sources:
// Documentation/filesystems/resctrl.rst; Linux, fs/resctrl/rdtgroup.c: rdtgroup_mkdir(),
// rdtgroup_tasks_write(); runtime-spec config-linux.md, "IntelRdt".

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/aliases.h"

namespace boxrun::resctrl {

/// A container's part in resctrl, as it is kept in state.json.
struct Groups {
  std::string root;      ///< where resctrl is mounted; empty: the container has no part in it
  std::string control;   ///< directory; the root itself is the default group
  bool created = false;  ///< the control group was made for this container
  std::string monitor;   ///< directory, or empty
  /// What is removed with the container, in the order in which it was made.
  std::vector<std::string> made;
};

/// Where resctrl is mounted.
///
/// @param proc  a procfs
/// @errors  it is not, with what would have to change
[[nodiscard]] Result<std::string> find_root(const std::string& proc = "/proc");

/// Where a control group is or will be. Makes nothing, so that it can be written down before.
///
/// @param name  `/` is the default group
/// @errors  it is missing and has to be there; it is no group
[[nodiscard]] Result<Groups> choose_control(const std::string& root, const std::string& name,
                                            bool must_exist);
/// Makes the control group, unless it is there.
[[nodiscard]] Result<void> make_control(Groups& groups);

/// Writes a line of `schemata` where the group was made for this container; of any other, sees that
/// it has these values.
[[nodiscard]] Result<void> set_schema(const Groups& groups, const std::string& line);

/// The lines of `schemata` as they are, to be written back.
[[nodiscard]] Result<std::vector<std::string>> read_schemata(const Groups& groups);

/// The group has a name of its own: from here on others may use it, and it stays.
void keep_control(Groups& groups);

void choose_monitor(Groups& groups, const std::string& name);
/// @errors  also when it is there: somebody else's tasks would be counted
[[nodiscard]] Result<void> make_monitor(Groups& groups);

/// Moves a task, from which its children inherit.
[[nodiscard]] Result<void> join(const Groups& groups, pid_t task);

/// Removes what was made. What is gone already is no mistake.
[[nodiscard]] Result<void> remove_groups(const Groups& groups);

using Counters = std::map<std::string, std::uint64_t>;  ///< by the names of their files

struct Stats {
  Counters cache;        ///< info/L3, as far as it is numbers
  std::string cbm_mask;  ///< info/L3/cbm_mask, as printed
  Counters bandwidth;    ///< info/MB
  std::vector<std::string> root_schemata;
  std::vector<std::string> schemata;
  /// What each L3 cache has counted; empty where the group holds others' tasks as well.
  std::vector<Counters> domains;
};

/// What cannot be read stays empty.
[[nodiscard]] Stats read_stats(const Groups& groups);

}  // namespace boxrun::resctrl
