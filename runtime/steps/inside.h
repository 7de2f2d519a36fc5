#pragma once
// What a child keeps in mind from step to step.

#include <limits.h>
#include <sys/types.h>

#include <array>

#include "runtime/exec/fd_passing.h"
#include "runtime/exec/prepared.h"
#include "runtime/plan/step.h"
#include "runtime/steps/outcome.h"
#include "tracer/os/fd.h"

namespace boxrun::steps {

struct Inside {
  const plan::Plan& plan;
  const exec::Prepared& prepared;
  os::BorrowedFd channel;
  bool owns_mounts = true;          ///< the mount namespace is the container's own
  int step = 0;                     ///< that runs now
  std::uint32_t cgroup_places = 0;  ///< bits of Prepared::cgroup_places that there are
  /// Of those, in their order: what JoinCgroup writes to.
  std::array<os::UniqueFd, exec::kMostDescriptors> cgroup_files{};
  os::UniqueFd root{};            ///< O_PATH of the root filesystem, from BindRootfs on
  const char* root_path = "";     ///< the same as it is called on the host; lives in the plan
  os::UniqueFd source{};          ///< detached mount, from CloneSource to MountOne
  os::UniqueFd apparmor_label{};  ///< from OpenLabel to SetLabel
  os::UniqueFd selinux_label{};
  os::UniqueFd dev_null{};     ///< the host's, from the first Mask on
  pid_t host_pid = 0;          ///< init's pid as boxrun sees it, once boxrun has said it
  pid_t born = 0;              ///< [1:NS]: init's pid
  std::uint64_t bounding = 0;  ///< the capabilities that LimitBounding has left
  bool directory_put_off = false;
  std::array<char, PATH_MAX> program{};
  std::array<char, PATH_MAX> home{};

  /// Of the container's program, for execve(2); HOME is there once FindProgram has run.
  [[nodiscard]] char* const* environment();

  /// Tells boxrun why this step, and with it the container, has failed; standard error when boxrun
  /// has gone.
  void report(const Outcome& outcome) const;
  /// Tells boxrun about something that is left out. printf-like.
  void warn(const char* format, ...) const __attribute__((format(printf, 2, 3)));
};

}  // namespace boxrun::steps
