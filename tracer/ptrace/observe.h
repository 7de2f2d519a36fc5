#pragma once
// What /proc says about a task, read while it is stopped. The model downstream never opens /proc;
// it gets these as events.
//
// The traps: our /proc may be mounted for another pid namespace than ours, and then its numbers are
// not those of our tracees; the working directory and root of the tracer may change under us; and
// a read fails whenever the task is killed. So /proc is opened once, checked against our own pid,
// and used through that descriptor; what cannot be read is absent from the observation, never
// wrong. Source: proc(5), pid_namespaces(7) "/proc and PID namespaces".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/base/ids.h"
#include "tracer/base/procfs_text.h"
#include "tracer/base/result.h"
#include "tracer/os/fd.h"
#include "tracer/raw/event.h"

namespace boxtrace::ptrace {

/// How much is read of descriptors that calls name or return.
enum class FdDetail : std::uint8_t {
  Needed,   ///< links, of calls whose rows ask for them
  All,      ///< links, of all calls
  Details,  ///< and what the links do not say, see raw::FdTarget
};

class Observer {
 public:
  /// `proc` is "/proc"; tests give a directory of files.
  /// @errors  when it cannot be opened.
  [[nodiscard]] static base::Result<Observer> open(const std::string& proc);

  /// False when `proc` does not belong to our pid namespace. Nothing is ever read from it then.
  [[nodiscard]] bool is_usable() const { return usable_; }

  /// Our own namespaces: what "shared with the host" means.
  [[nodiscard]] const raw::NsLinks& host() const { return host_; }

  /// From now on tasks have a seccomp filter of ours, which is left out of what is observed.
  void leave_out_our_filter() { has_our_filter_ = true; }

  /// Reads what `mask` (of decoders::Observe) names; kObserveFdArgs is not for this function.
  [[nodiscard]] raw::Observation observe(base::HostTid tid, std::uint32_t mask,
                                         raw::Observation::At at) const;

  /// Everything, as a record of the state in which a program starts. Mounts only when they are not
  /// those of the host.
  [[nodiscard]] raw::Observation observe_exec(base::HostTid tid) const;

  /// The same of a task that ran before we came, and which program that is.
  [[nodiscard]] raw::Observation observe_attached(base::HostTid tid) const;

  /// The target of a descriptor of the task; nothing when it is not open.
  [[nodiscard]] std::optional<std::string> fd_target(base::HostTid tid, base::FdNum fd) const;

  /// A descriptor of the task refers to a namespace.
  [[nodiscard]] bool is_namespace(base::HostTid tid, base::FdNum fd) const;

  /// What the link does not say: `char 1:3`, `block 8:0`, `pid:12`; else empty.
  [[nodiscard]] std::string fd_detail(base::HostTid tid, base::FdNum fd,
                                      const std::string& target) const;

  [[nodiscard]] std::optional<std::string> exe(base::HostTid tid) const;

  /// The text of /proc/TID/maps.
  [[nodiscard]] std::optional<std::string> maps(base::HostTid tid) const;

  /// Opens a file of the task for reading, without waiting: `exe`, `map_files/...`, `root/...`.
  [[nodiscard]] std::optional<os::UniqueFd> open_file(base::HostTid tid,
                                                      const std::string& name) const;

  /// The arguments that it was started with, as it shows them.
  [[nodiscard]] std::optional<std::vector<std::string>> argv(base::HostTid tid) const;

  /// The thread group of a thread.
  [[nodiscard]] std::optional<base::HostPid> group_of(base::HostTid tid) const;

  /// The threads that a process has now, in no order that means anything.
  /// @errors  ENOENT when there is no such process.
  [[nodiscard]] base::Result<std::vector<base::HostTid>> threads_of(base::HostPid pid) const;

  /// The text of `/proc/TID/FILE`.
  [[nodiscard]] std::optional<std::string> text_of(base::HostTid tid, std::string_view file) const;

 private:
  Observer() = default;

  [[nodiscard]] std::optional<std::string> read(const std::string& path) const;
  [[nodiscard]] std::optional<std::string> link(const std::string& path) const;
  [[nodiscard]] std::optional<raw::FilePrivilege> grants_of(const std::string& task) const;
  [[nodiscard]] raw::Observation observe_all(base::HostTid tid, raw::Observation::At at) const;
  [[nodiscard]] raw::NsLinks ns_links(const std::string& task) const;
  [[nodiscard]] std::optional<std::vector<raw::FdTarget>> open_fds(const std::string& task) const;

  os::UniqueFd proc_;
  bool usable_ = false;
  bool has_our_filter_ = false;
  bool may_trace_all_ = false;  // we have CAP_SYS_PTRACE
  raw::NsLinks host_;
};

/// `v1`, `v2`, `hybrid` or `none`, from the mounts that our own mount namespace has.
[[nodiscard]] std::string cgroup_layout(const std::vector<base::MountInfo>& mounts);

}  // namespace boxtrace::ptrace
