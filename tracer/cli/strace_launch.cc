#include "tracer/cli/strace_launch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "tracer/base/text.h"
#include "tracer/cli/launch.h"
#include "tracer/cli/output.h"
#include "tracer/cli/replay_entries.h"
#include "tracer/cli/strace_options.h"
#include "tracer/cli/trace_file.h"
#include "tracer/os/file.h"
#include "tracer/sinks/strace_sink.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::cli {
namespace {

std::int64_t utc_offset(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm local{};
  return ::localtime_r(&time, &local) == nullptr ? 0 : local.tm_gmtoff;
}

/// strace itself speaks: on standard error, in its own name.
void say(std::string_view sentence) {
  const std::string line = fmt::format("strace: {}\n", sentence);
  std::ignore = os::write_all(os::BorrowedFd{STDERR_FILENO}, line);
}

/// Where strace's text goes: a stream, a file, a command, or a file per task.
class StraceOutputs final : public Outputs {
 public:
  /// Opens what can be opened before anything runs.
  static base::Result<std::unique_ptr<StraceOutputs>> open(const StraceRequest& request,
                                                           int stream) {
    auto outputs = std::make_unique<StraceOutputs>(request);
    if (request.output.empty()) {
      const bool person = ::isatty(stream) == 1 || stream == STDERR_FILENO;
      outputs->shared_ = std::make_unique<Output>(
          Output::stream(stream, person ? Output::Flush::Lines : Output::Flush::Blocks));
    } else if (!request.look.separate) {
      TRY(Output file, Output::open(request.output,
                                    request.append ? Output::Begin::AtEnd : Output::Begin::Anew));
      outputs->shared_ = std::make_unique<Output>(std::move(file));
    }
    return outputs;
  }

  explicit StraceOutputs(const StraceRequest& request)
      : prefix_(request.output), append_(request.append) {}

  void write(base::HostTid tid, std::string_view text) {
    if (shared_ != nullptr) {
      shared_->write(text);
      return;
    }
    // Task ids come back. A file that exists is that of a task before, which is over.
    auto& file = files_[tid.value];
    if (file == nullptr) {
      auto made = Output::create(fmt::format("{}.{}", prefix_, tid.value),
                                 append_ ? Output::Begin::AtEnd : Output::Begin::Anew);
      if (!made) {
        note(made.error());
        return;
      }
      file = std::make_unique<Output>(std::move(made).value());
    }
    file->write(text);
  }

  bool finish() override {
    if (shared_ != nullptr) {
      note(shared_->finish());
    }
    for (auto& [tid, file] : files_) {
      note(file->finish());
    }
    if (!failure_.ok()) {
      print_error(failure_.error());
    }
    return failure_.ok();
  }
  void discard() override {
    if (shared_ != nullptr) {
      shared_->discard();
    }
  }

 private:
  /// The first failure is kept.
  void note(base::Result<void> result) {
    if (failure_.ok() && !result.ok()) {
      failure_ = std::move(result);
    }
  }

  std::string prefix_;
  bool append_;
  std::unique_ptr<Output> shared_;
  std::map<std::int32_t, std::unique_ptr<Output>> files_;
  base::Result<void> failure_;
};

/// Descriptors are told by what /proc calls their files, so that a path that is relative, or leads
/// over symbolic links, is looked for under that name as well.
void resolve_paths(StraceRequest& request) {
  const std::vector<std::string> given = request.filter.paths;
  for (const std::string& path : given) {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                           std::free);
    if (real != nullptr && path != real.get()) {
      request.filter.paths.emplace_back(real.get());
      if (!request.look.quiet_paths) {
        say(fmt::format("Requested path '{}' resolved into '{}'", base::printable(path),
                        base::printable(real.get())));
      }
    }
  }
}

std::optional<StraceRequest> parse(const Arguments& words) {
  auto request = parse_strace(words);
  if (!request) {
    print_error(request.error());
    return std::nullopt;
  }
  if (request.value().answer.empty()) {
    for (const std::string& note : request.value().notes) {
      say(note);
    }
  }
  resolve_paths(request.value());
  request.value().look.utc_offset = utc_offset;
  return std::move(request).value();
}

/// -h, -V: a text in place of a trace.
int answer(const StraceRequest& request) {
  const auto written = os::write_all(os::BorrowedFd{STDOUT_FILENO}, request.answer);
  return written.ok() ? 0 : kToolFailure;
}

ptrace::LaunchOptions engine_options(const StraceRequest& request, ptrace::Following following) {
  ptrace::LaunchOptions options;
  options.command = request.command;
  options.following = std::move(following);
  options.stacks.stacks = request.look.stacks;
  options.environment = environment_changes(request.environment);
  constexpr std::size_t kDumped = std::size_t{1} << 20;
  const bool dumps = !request.filter.read.empty() || !request.filter.write.empty();
  options.decode.string_limit = dumps ? kDumped : request.look.string_limit;
  // Names alone do not tell how many bytes a variable takes; -v shows them whole.
  options.decode.env_values = !request.filter.abbreviated.is_everything();
  options.tool_version = BOXTRACE_VERSION;
  options.kill_on_exit = request.kill_on_exit;
  if (request.look.fd_devices || request.look.fd_pids) {
    options.fds = ptrace::FdDetail::Details;
  } else if (request.look.fd_paths || !request.filter.paths.empty()) {
    options.fds = ptrace::FdDetail::All;
  }
  if (request.seccomp_filter) {
    decoders::CallSet calls;
    if (request.filter.calls.add_to(calls)) {
      options.calls = std::move(calls);
    }
  }
  add_injections(options, request.injections);
  return options;
}

Ending trace(const StraceRequest& request, const ptrace::Following& following,
             const FrontLink& front) {
  auto outputs = StraceOutputs::open(request, STDERR_FILENO);
  if (!outputs) {
    print_error(outputs.error());
    return {kToolFailure};
  }
  StraceOutputs& out = *outputs.value();
  timeline::Analysis analysis;
  sinks::StraceSink printer(
      request.look, request.filter, request.summary,
      [&out](base::HostTid tid, std::string_view text) { out.write(tid, text); }, say);
  analysis.add_listener(printer);
  return run_traced(engine_options(request, following), analysis, out, front);
}

}  // namespace

int run_strace_launch(const Arguments& words) {
  const std::optional<StraceRequest> request = parse(words);
  if (!request) {
    return kToolFailure;
  }
  if (!request->answer.empty()) {
    return answer(*request);
  }
  if (request->command.empty() && request->follow.attach.empty()) {
    print_error({0, "no command to launch", "boxtrace --style=strace [OPTIONS] CMD"});
    return kToolFailure;
  }
  const auto following = make_following(request->follow, Limit{}, nullptr);
  if (!following) {
    print_error(following.error());
    return kToolFailure;
  }
  return pass_on(run_behind_front(
      [&](const FrontLink& front) { return trace(*request, following.value(), front); }));
}

int run_strace_show(const Arguments& words) {
  const std::optional<StraceRequest> request = parse(words);
  if (!request) {
    return kToolFailure;
  }
  if (!request->answer.empty()) {
    return answer(*request);
  }
  if (!request->follow.attach.empty() || !request->follow.detach_on.empty()) {
    print_error({0, "a recorded trace has no processes to attach to or to let go of",
                 "leave out -p and -b"});
    return kToolFailure;
  }
  if (request->command.size() != 1) {
    print_error({0, "show takes one trace", "boxtrace show --style=strace [OPTIONS] FILE"});
    return kToolFailure;
  }
  auto outputs = StraceOutputs::open(*request, STDOUT_FILENO);
  if (!outputs) {
    print_error(outputs.error());
    return kToolFailure;
  }
  StraceOutputs& out = *outputs.value();
  timeline::Analysis analysis;
  sinks::StraceSink printer(
      request->look, request->filter, request->summary,
      [&out](base::HostTid tid, std::string_view text) { out.write(tid, text); }, say);
  analysis.add_listener(printer);
  ReplayEntries replay(analysis);
  const std::string& file = request->command.front();
  const auto summary = read_trace(file, replay);
  if (!summary) {
    print_error(summary.error());
    return kToolFailure;
  }
  replay.finish();
  analysis.finish();
  if (!out.finish()) {
    return kToolFailure;
  }
  print_problems(file, summary.value());
  return 0;
}

}  // namespace boxtrace::cli
