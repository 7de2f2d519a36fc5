#pragma once
// One traced thread and all that the model believes of it.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "decoders/bpf/instruction.h"
#include "tracer/base/ids.h"
#include "tracer/model/facts.h"
#include "tracer/model/namespaces.h"
#include "tracer/model/roles.h"
#include "tracer/raw/event.h"

namespace boxtrace::model {

/// A seccomp filter whose installation was seen. The kernel took it, so the program is valid if all
/// of it was captured.
struct InstalledFilter {
  bpf::Program program;  ///< empty when it was not captured whole
  bool by_prctl = false;
  std::uint64_t flags = 0;
  bool no_new_privs = false;
  base::Seq at;       ///< the call
  base::TaskId task;  ///< who made it
};

struct Credentials {
  std::array<std::uint32_t, 4> uid{};  ///< real, effective, saved, filesystem
  std::array<std::uint32_t, 4> gid{};
  std::vector<std::uint32_t> groups;
  CapSets caps;
  std::uint64_t securebits = 0;
  bool keep_caps = false;
  bool no_new_privs = false;
  int seccomp_mode = 0;
  int seccomp_filters = 0;
  std::vector<std::uint64_t> seccomp_instructions;
  /// In the order of their installation; fewer than `seccomp_filters` if some were not seen.
  std::vector<std::shared_ptr<const InstalledFilter>> filters;
  bool ids_known = false;   ///< uid, gid and groups are more than defaults
  bool caps_known = false;  ///< the same of the capability sets; an execve makes them unknown
};

struct Task {
  base::TaskId id;
  base::TaskId leader;
  std::optional<base::TaskId> creator;
  base::HostTid tid;
  base::HostPid pid;
  std::vector<base::NsPid> ns_pids;  ///< from outside to innermost, when known
  bool thread = false;
  bool alive = true;
  std::uint64_t born_flags = 0;
  base::Seq born_at;
  NsSet ns;
  /// Kinds that the running program made or joined, in this process or in an ancestor it was forked
  /// of; an execve empties it.
  NsMask moved_by_program;
  Credentials creds;
  std::string comm;
  std::string exe;
  std::string exe_before;  ///< the program before the last execve
  std::vector<std::string> argv;
  std::vector<std::string> env_names;
  int execs = 0;           ///< since it was born
  std::string root = "/";  ///< seen from outside
  std::string cwd;         ///< seen from outside; empty when not known
  std::string new_root;    ///< directory that is about to become the root, if known
  Role role;
  std::optional<raw::TaskExited> exit;
  raw::Observation last;  ///< the newest value of each observed part
  std::map<std::int32_t, base::HostPid> pidfds;
};

}  // namespace boxtrace::model
