#pragma once
// Running a command under the tracer: what `boxtrace CMD` and `boxtrace record` share.

#include <optional>
#include <string>
#include <vector>

#include "tracer/cli/following.h"
#include "tracer/cli/options.h"

namespace boxtrace::cli {

struct LaunchRequest {
  std::vector<std::string> command;  ///< may be empty when there are processes to attach to
  FollowOptions follow;
  CaptureOptions capture;
  std::optional<ViewOptions> view;  ///< nothing: no story is printed
  std::string story_file;           ///< empty: standard error
  std::string trace_file;           ///< empty: nothing is recorded
};

/// Traces as requested and returns the exit status: that of the command, if it has ended. Where it
/// died from a signal, so does this process; a shell then reports the same for both. 0 when we let
/// go of a command that lives on, or there was none.
[[nodiscard]] int launch(const LaunchRequest& request);

}  // namespace boxtrace::cli
