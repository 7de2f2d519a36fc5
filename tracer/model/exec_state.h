#pragma once
// What a process was like at an execve: the result of all the steps before it, and what `boxtrace
// diff` compares first.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tracer/base/ids.h"
#include "tracer/model/facts.h"
#include "tracer/model/namespaces.h"
#include "tracer/raw/event.h"

namespace boxtrace::model {

struct NsAtExec {
  enum class Origin : std::uint8_t {
    Host,    ///< shared with the tracer
    New,     ///< made by a traced task for this container
    Joined,  ///< existed before (another container's, a pinned one)
    Unknown,
  };
  Origin origin = Origin::Unknown;
  std::string alias;    ///< `net#1`
  base::NsInode inode;  ///< differs from run to run
};

struct ExecState {
  base::Seq seq;  ///< of the TaskExeced event
  base::TaskId task;
  std::string role;
  base::HostPid pid;              ///< outside
  std::vector<base::NsPid> pids;  ///< from outside to innermost; empty if not observed
  std::string exe;                ///< as the tracer sees it, or inside the root if known
  std::vector<std::string> argv;
  std::vector<std::string> env_names;
  std::array<NsAtExec, raw::kNsKinds> namespaces{};  ///< indexed by NsKind
  CapSets caps;
  bool no_new_privs = false;
  int seccomp_mode = 0;
  int seccomp_filters = 0;
  std::vector<std::uint64_t> seccomp_instructions;  ///< of each filter whose installation was seen
  std::array<std::uint32_t, 4> uid{}, gid{};
  std::vector<std::uint32_t> groups;
  std::vector<base::IdMapLine> uid_map, gid_map;
  std::vector<std::string> cgroup;  ///< lines of /proc/PID/cgroup
  std::string root;                 ///< the directory that is its root, seen from outside
  std::string cwd;                  ///< below its root
  std::string hostname;
  std::vector<raw::FdTarget> fds;
  std::vector<base::MountInfo> mounts;
  std::map<std::string, std::string> limits;
  std::optional<int> oom_score_adj;
};

}  // namespace boxtrace::model
