#pragma once
// Starting the command.
//
// The first thing recorded has to be the command's execve, and nothing of ours may be left in the
// process that becomes it. So the child does nothing but wait for a byte in a pipe and call execve;
// meanwhile the parent seizes it and asks for a stop, which the child reaches before it is back in
// user mode. Dispositions and mask of signals are as the tracer itself found them; session, process
// group and terminal are not touched, as with strace, so that the terminal's signals reach both.
// If the tracer dies in between, the pipe ends and so does the child.

#include <linux/filter.h>

#include <span>
#include <string>
#include <vector>

#include "tracer/base/result.h"
#include "tracer/os/fd.h"
#include "tracer/ptrace/engine.h"

namespace boxtrace::ptrace {

/// PTRACE_O_*: the events that the engine understands.
///
/// Not EXITKILL: all that we do to tracees can be undone by the kernel if we die, and a debugging
/// tool's crash must not take down the containers it looked at. Not TRACEVFORKDONE: it costs a stop
/// and says nothing that the return of vfork(2) does not.
///
/// With a filter of calls, EXITKILL after all: such a task must not go on without us, because each
/// call that the filter has chosen would fail. See call_filter.h.
[[nodiscard]] unsigned long trace_options(bool filtered);

/// A program by name, as execvp(3) looks for it: in the PATH of `environment` unless the name has a
/// slash, in /bin and /usr/bin when there is no PATH.
///
/// @errors  ENOENT when there is none, EACCES when what there is may not be executed.
[[nodiscard]] base::Result<std::string> find_program(const std::string& name,
                                                     const std::vector<std::string>& environment);

/// Our environment with `changes` made, as `NAME=value`.
[[nodiscard]] std::vector<std::string> changed_environment(
    std::vector<std::string> environment, const std::vector<EnvironmentChange>& changes);

/// A seized child of ours that waits to become the command.
class LaunchedCommand {
 public:
  /// Starts and seizes it. `filter` is installed in it just before the execve; empty: none.
  [[nodiscard]] static base::Result<LaunchedCommand> start(const LaunchOptions& options,
                                                           std::span<const sock_filter> filter);

  [[nodiscard]] base::HostTid tid() const { return tid_; }

  /// Lets it go on to its execve; its first report will be a TrapStop.
  void proceed();

 private:
  LaunchedCommand(base::HostTid tid, os::UniqueFd gate, os::UniqueFd far_end)
      : tid_(tid), gate_(std::move(gate)), far_end_(std::move(far_end)) {}

  base::HostTid tid_;
  os::UniqueFd gate_;
  // Kept open, so that writing into the gate of a child that was killed raises no SIGPIPE.
  os::UniqueFd far_end_;
};

}  // namespace boxtrace::ptrace
