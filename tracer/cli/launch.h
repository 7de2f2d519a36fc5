#pragma once
// Running a command under the tracer: what `boxtrace CMD` and `boxtrace record` share.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tracer/cli/following.h"
#include "tracer/cli/front.h"
#include "tracer/cli/options.h"
#include "tracer/cli/output.h"
#include "tracer/ptrace/engine.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::cli {

struct LaunchRequest {
  std::vector<std::string> command;  ///< may be empty when there are processes to attach to
  FollowOptions follow;
  CaptureOptions capture;
  std::optional<ViewOptions> view;  ///< nothing: no story is printed
  std::string story_file;           ///< empty: standard error
  std::string trace_file;           ///< empty: nothing is recorded
  std::vector<ptrace::Injection> injections;
};

/// Traces `options.command` with the listeners that `analysis` has, and finishes `outputs`.
[[nodiscard]] Ending run_traced(ptrace::LaunchOptions options, timeline::Analysis& analysis,
                                Outputs& outputs, const FrontLink& front);

/// Ends as the command did: dies of its signal, or returns its exit status.
[[nodiscard]] int pass_on(const Ending& ending);

/// The engine injects them; calls that it would not have stopped at are added to those it does.
void add_injections(ptrace::LaunchOptions& options,
                    const std::vector<ptrace::Injection>& injections);

/// `NAME=value` and `NAME` as changes of the command's environment.
[[nodiscard]] std::vector<ptrace::EnvironmentChange> environment_changes(
    const std::vector<std::string>& words);

/// Traces as requested and returns the exit status: that of the command, if it has ended. Where it
/// died from a signal, so does this process; a shell then reports the same for both. 0 when we let
/// go of a command that lives on, or there was none.
[[nodiscard]] int launch(const LaunchRequest& request);

}  // namespace boxtrace::cli
