#include <CLI/CLI.hpp>

#include "tracer/cli/launch.h"

namespace boxtrace::cli {
namespace {

constexpr const char* kDescription =
    R"(Traces a command into a file and prints nothing of its own.

Examples:
  boxtrace record -o demo.jsonl -- runc run demo
  boxtrace show demo.jsonl)";

}  // namespace

int run_record(const Arguments& words) {
  CLI::App app{kDescription, "boxtrace record"};
  set_usage(app, "boxtrace record -o FILE [OPTIONS] [-p PID]... [--] [CMD [ARG]...]");
  LaunchRequest request;
  app.add_option("-o,--output", request.trace_file, "The trace (JSON Lines)")->type_name("FILE");
  add_follow_options(app, request.follow);
  add_capture_options(app, request.capture);
  if (const auto status = parse_prefix(app, words, request.command)) {
    return *status;
  }
  if (request.trace_file.empty()) {
    print_error({0, "record needs a file", "boxtrace record -o FILE -- CMD"});
    return kToolFailure;
  }
  if (request.command.empty() && request.follow.attach.empty()) {
    print_error({0, "no command to record", "boxtrace record -o FILE -- CMD"});
    return kToolFailure;
  }
  return launch(request);
}

}  // namespace boxtrace::cli
