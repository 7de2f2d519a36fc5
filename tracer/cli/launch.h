#pragma once
// Running a command under the tracer: what `boxtrace CMD` and `boxtrace record` share.

#include <optional>
#include <string>
#include <vector>

#include "tracer/cli/options.h"

namespace boxtrace::cli {

struct LaunchRequest {
  std::vector<std::string> command;
  CaptureOptions capture;
  std::optional<ViewOptions> view;  ///< nothing: no story is printed
  std::string story_file;           ///< empty: standard error
  std::string trace_file;           ///< empty: nothing is recorded
};

/// Traces the command to its end and returns its exit status. Where it died from a signal, so does
/// this process; a shell then reports the same for both.
[[nodiscard]] int launch(const LaunchRequest& request);

}  // namespace boxtrace::cli
