#pragma once
// Two processes for one run: the tracer does the work, and a front stands where the user's shell
// expects boxtrace. For a tracer must not be among those whom its tracee signals with kill(0, ...),
// and one that has put a filter of calls into its tracees must not end before they do (see
// tracer/ptrace/keeper.h), while boxtrace must be able to; and somebody has to put right what a
// tracer that is killed could not (see tracer/ptrace/same_cpu.h).
//
//   shell --- front (boxtrace) --- tracer --- the command ...
//
// The tracer has a process group of its own: a command that signals its whole group, or is stopped
// from the terminal with it, meets the front there. Signals to the front are passed on with their
// true sender. If the front is killed, the tracer lets go and keeps. The other way round tasks
// with our filter die (PTRACE_O_EXITKILL), and the front says so.

#include <functional>

#include "tracer/ptrace/same_cpu.h"

namespace boxtrace::cli {

/// How a run ended, for whoever started it.
struct Ending {
  int status = 0;      ///< exit status
  int signal = 0;      ///< or die of this signal, if not 0
  bool keeps = false;  ///< tasks with our filter go on
};

/// What the work behind a front gets from it.
struct FrontLink {
  int process_group = 0;  ///< the one that a command belongs into
  ptrace::NarrowedTask* narrowed = nullptr;
};

/// Does `work` in a process behind this one and returns its ending, or 125 if that process died.
[[nodiscard]] Ending run_behind_front(const std::function<Ending(const FrontLink&)>& work);

}  // namespace boxtrace::cli
