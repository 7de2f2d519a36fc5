#pragma once
// What a command line in strace's language asks for.

#include <optional>
#include <string>
#include <vector>

#include "tracer/cli/following.h"
#include "tracer/ptrace/engine.h"
#include "tracer/sinks/strace_filter.h"
#include "tracer/sinks/strace_options.h"
#include "tracer/sinks/strace_summary.h"

namespace boxtrace::cli {

struct StraceRequest {
  std::vector<std::string> command;  ///< what follows the options
  sinks::StraceOptions look;
  sinks::StraceFilter filter;
  sinks::StraceSummary summary;
  /// -p, -b; with nothing that is followed lightly
  FollowOptions follow{{}, false, true, {}, {}, false};
  std::vector<std::string> environment;  ///< -E
  bool kill_on_exit = false;
  bool seccomp_filter = false;  ///< --seccomp-bpf

  std::string answer;              ///< -h, -V: what to print in place of tracing
  std::vector<std::string> notes;  ///< for the user, on standard error

  std::vector<ptrace::Injection> injections;  ///< -e inject=, -e fault=

  std::string output;             ///< -o: a file, or `|command`; empty: standard error
  bool append = false;            ///< -A
  bool quiet_was_chosen = false;  ///< by -q or -e quiet=

  /// How often an option was given that means more when repeated.
  struct Counts {
    int follow = 0, quiet = 0, clock = 0, fds = 0, hex = 0, wall = 0;
  } counts;
};

}  // namespace boxtrace::cli
