#pragma once
// Options that several verbs share, and how any command line is parsed.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tracer/base/result.h"
#include "tracer/cli/output.h"
#include "tracer/cli/verbs.h"
#include "tracer/ptrace/inject.h"
#include "tracer/sinks/strace_filter.h"
#include "tracer/sinks/text.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace boxtrace::cli {

/// How a story looks.
struct ViewOptions {
  int verbose = 0;
  std::string color = "auto";
  bool ascii = false;
  bool stable = false;
  std::optional<std::size_t> width;
  std::vector<std::string> expressions;       ///< -e, as typed
  std::optional<sinks::StraceFilter> chosen;  ///< what is listed; from `expressions`
  std::string style = "story";  ///< the other one, strace's, has a command line of its own
};

/// What a live trace captures.
struct CaptureOptions {
  std::size_t string_limit = 256;
  std::string env = "names";
  std::string calls;                     ///< `every`, `story`, or empty for the verb's default
  std::vector<std::string> environment;  ///< `NAME=value` or `NAME`, for the command
  int stacks = 0;                        ///< 1: of calls that concern the container, 2: of all
  bool call_sites = false;               ///< the code around these calls
};

void add_view_options(CLI::App& app, ViewOptions& options);
/// Applies `expressions`: fills `chosen`, tells the user what is to be told, and returns the calls
/// that are meddled with.
/// @errors  those of apply_own_expression().
[[nodiscard]] base::Result<std::vector<ptrace::Injection>> choose(ViewOptions& options);
/// Those of them that any text has: --color and --width.
void add_layout_options(CLI::App& app, ViewOptions& options);
void add_capture_options(CLI::App& app, CaptureOptions& options);

/// The sink's options for a story that goes to the stream `fd`; -1 for a file.
[[nodiscard]] sinks::TextOptions text_options(const ViewOptions& options, int fd);

/// The line behind `Usage:` in the help text, for command lines that CLI11 cannot describe.
void set_usage(CLI::App& app, std::string usage);

/// Parses `words`. Returns the exit status when there is nothing more to do: after --help and
/// --version, and after an error, which is then printed.
[[nodiscard]] std::optional<int> parse(CLI::App& app, const Arguments& words, int error_status);

/// The same, but the words from the first one on that is no option are a command, which is returned
/// in `command`. An option that is not known is refused, see strace_options.h.
[[nodiscard]] std::optional<int> parse_prefix(CLI::App& app, const Arguments& words,
                                              std::vector<std::string>& command);

}  // namespace boxtrace::cli
