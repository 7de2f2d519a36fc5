#pragma once
// What boxrun opens, compiles and allocates before it clones, so that the child need not: it finds
// everything in its copy of the memory and of the descriptor table.

#include <linux/filter.h>
#include <sys/ioctl.h>

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/config/config.h"
#include "runtime/exec/hook.h"
#include "tracer/os/fd.h"

namespace boxrun::exec {

/// The container's cgroup in one hierarchy.
struct CgroupPlace {
  bool version2 = false;
  std::string directory;  ///< of the host
  std::string file;       ///< takes "0" for the process that writes it
  /// Below /sys/fs/cgroup of the container. Empty stands for that itself (cgroup v2 alone).
  std::string name;
  /// Links to `name`, such as `cpu` -> `cpu,cpuacct`, where a hierarchy has several controllers.
  std::vector<std::string> links;
};

/// The name of one of `count` places, or nothing.
[[nodiscard]] inline std::string cgroup_place_name(const cgroup::Place& place, std::size_t count) {
  return count > 1 || !place.version2 ? place.mount_point.substr(place.mount_point.rfind('/') + 1)
                                      : std::string{};
}

/// The state that hooks read, cut where the pid goes, which is not known before clone(2).
struct HookState {
  std::string before_pid;
  std::string after_pid;
};

/// Where the master of the container's terminal goes, and what a person at the other end needs.
struct ConsoleRoute {
  os::UniqueFd socket;  ///< connected
  /// The person's own terminal makes "\r\n" of "\n": the container's must not do it too.
  bool plain_newlines = false;
  /// Of the person's terminal; goes before the config's.
  std::optional<winsize> size;
};

struct Prepared {
  std::map<config::NamespaceKind, os::UniqueFd> namespaces;  ///< to join
  std::vector<sock_filter> filter;
  unsigned filter_flags = 0;
  bool has_filter = false;
  os::UniqueFd seccomp_listener;           ///< connected socket for the notifications' descriptor
  std::vector<std::string> seccomp_state;  ///< what goes along; init's pid belongs in between
  os::UniqueFd start_fifo;                 ///< for WaitForStart
  ConsoleRoute console;                    ///< for MakeConsole
  std::map<std::size_t, os::UniqueFd> idmapped;  ///< detached mounts by index of /mounts
  /// The same, unmapped, of sources that init may not be allowed to open.
  std::map<std::size_t, os::UniqueFd> sources;
  std::vector<CgroupPlace> cgroup_places;  ///< chosen; CgroupMade says which there are
  bool in_version2 = false;       ///< clone3(2) has put the child into the cgroup of version 2
  bool may_stay_outside = false;  ///< rootless: a refusal is a warning
  std::vector<char*> argv;
  std::vector<char*> envp;  ///< the first slot is free for HOME, if has_home is false
  bool has_home = false;
  std::string search_path;                       ///< PATH of the container
  std::map<std::string, HookState> hook_states;  ///< by status
  HookOutput hook_output;
  int lock_fd = -1;  ///< of the state directory: the child closes its copy, the lock is boxrun's
  /// In memory that child and boxrun share: the index of the step that runs, for the case that the
  /// child dies without a word.
  std::atomic<int>* progress = nullptr;
};

}  // namespace boxrun::exec
