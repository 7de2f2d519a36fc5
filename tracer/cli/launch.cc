#include "tracer/cli/launch.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <memory>
#include <tuple>
#include <utility>

#include "tracer/base/text.h"
#include "tracer/cli/front.h"
#include "tracer/cli/strace_launch.h"
#include "tracer/cli/strace_options.h"
#include "tracer/os/file.h"
#include "tracer/ptrace/engine.h"
#include "tracer/ptrace/event_queue.h"
#include "tracer/sinks/jsonl.h"
#include "tracer/sinks/text.h"
#include "tracer/timeline/analysis.h"
#include "tracer/timeline/story_calls.h"

namespace boxtrace::cli {
namespace {

constexpr const char* kDescription =
    R"(boxtrace follows a command and everything it starts, and tells how a container is made.

Examples:
  boxtrace runc run demo                      the story of a container, on standard error
  boxtrace -o demo.jsonl crun run demo        the same, and a trace for later
  boxtrace -p $(pidof dockerd),$(pidof containerd) docker run ...
                                              what the daemons do for a client

The command's own output is left alone, and its exit status is passed on.
Verbs: record, show, diff, explain, seccomp, schema (boxtrace VERB --help). A command of such a
name is launched with: boxtrace -- diff ...)";

/// Our own writes to a pipe that was closed must fail, not kill us, or the tracee would go on
/// untraced. A handler, unlike SIG_IGN, is not inherited through execve: the command starts with
/// the disposition that it would have had. Source: signal(7), "Signal dispositions".
void survive_closed_pipes() {
  struct sigaction before {};
  if (::sigaction(SIGPIPE, nullptr, &before) == 0 && before.sa_handler == SIG_DFL) {
    struct sigaction handler {};
    handler.sa_handler = [](int) {};
    handler.sa_flags = SA_RESTART;
    ::sigaction(SIGPIPE, &handler, nullptr);
  }
}

/// Dies of `signal` as the command did, without a second core file.
[[noreturn]] void die_of(int signal) {
  const rlimit none{};
  ::setrlimit(RLIMIT_CORE, &none);
  std::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
  std::raise(signal);
  ::_exit(128 + signal);  // a signal whose default is not to die
}

/// The exit status for a command that could not be started. Source: sh(1p), "EXIT STATUS".
int start_failure_status(int err) {
  switch (err) {
    case ENOENT:
      return kNotFound;
    case EACCES:
    case ENOEXEC:
    case EISDIR:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ETXTBSY:
    case ELIBBAD:
    case E2BIG:
      return kCannotExecute;
    default:
      return kToolFailure;
  }
}

/// By default where every call is shown or kept for later.
bool wants_every_call(const LaunchRequest& request) {
  const bool shows_them = (request.view && request.view->verbose >= 2 && !request.view->chosen) ||
                          request.capture.stacks >= 2;
  return request.capture.calls.empty() ? shows_them || !request.trace_file.empty()
                                       : request.capture.calls == "every";
}

ptrace::LaunchOptions engine_options(const LaunchRequest& request, ptrace::Following following) {
  ptrace::LaunchOptions options;
  options.command = request.command;
  options.following = std::move(following);
  options.decode.string_limit = request.capture.string_limit;
  options.decode.env_values = request.capture.env == "values";
  options.stacks.stacks = request.capture.stacks > 0;
  options.stacks.sites = request.capture.call_sites;
  options.tool_version = BOXTRACE_VERSION;
  // What is chosen to be listed is watched besides what a story is made of.
  std::optional<decoders::CallSet> watched = timeline::story_calls();
  if (request.view && request.view->chosen && !request.view->chosen->calls.add_to(*watched)) {
    watched.reset();
  }
  if (!wants_every_call(request)) {
    options.calls = watched;
  }
  if (request.capture.stacks < 2 && (!request.view || request.view->verbose < 2)) {
    options.stacks.calls = watched;
  }
  options.environment = environment_changes(request.capture.environment);
  add_injections(options, request.injections);
  return options;
}

/// The outputs of a run in our own style, open before it begins.
class OwnOutputs final : public Outputs {
 public:
  std::unique_ptr<Output> trace;
  std::unique_ptr<Output> story;

  bool finish() override {
    bool written = true;
    for (Output* const output : all()) {
      if (const auto finished = output->finish(); !finished) {
        print_error(finished.error());
        written = false;
      }
    }
    return written;
  }
  void discard() override {
    for (Output* const output : all()) {
      output->discard();
    }
  }

 private:
  [[nodiscard]] std::vector<Output*> all() const {
    std::vector<Output*> list;
    for (Output* const output : {trace.get(), story.get()}) {
      if (output != nullptr) {
        list.push_back(output);
      }
    }
    return list;
  }
};

base::Result<void> open_outputs(const LaunchRequest& request, OwnOutputs& outputs) {
  if (!request.trace_file.empty()) {
    TRY(Output trace, Output::open(request.trace_file));
    outputs.trace = std::make_unique<Output>(std::move(trace));
  }
  if (request.view && !request.story_file.empty()) {
    TRY(Output story, Output::open(request.story_file));
    outputs.story = std::make_unique<Output>(std::move(story));
  } else if (request.view) {
    const bool for_people = request.view->verbose < 2 || ::isatty(STDERR_FILENO) == 1;
    outputs.story = std::make_unique<Output>(
        Output::stream(STDERR_FILENO, for_people ? Output::Flush::Lines : Output::Flush::Blocks));
  }
  return {};
}

void print_keeper() {
  const std::string text = "boxtrace: tasks live on, and process " + std::to_string(::getpid()) +
                           " with them; boxtrace(1), SECCOMP FILTER, says why\n";
  std::ignore = os::write_all(os::BorrowedFd{STDERR_FILENO}, text);
}

int report_start_failure(const std::string& name, base::Error error) {
  if (find_verb(std::string_view(name)) != nullptr) {
    error.hint = "to use the verb " + name + ", put it first: boxtrace " + name + " ...";
  }
  print_error(error);
  return start_failure_status(error.err);
}

/// What the engine is to follow, and what tells it to stop.
struct Plan {
  ptrace::Following following;
  StopCondition* stop = nullptr;  ///< a listener
};

Ending trace(const LaunchRequest& request, const Plan& plan, const FrontLink& front) {
  OwnOutputs outputs;
  if (const auto opened = open_outputs(request, outputs); !opened) {
    print_error(opened.error());
    return {kToolFailure};
  }
  timeline::Analysis analysis;
  std::unique_ptr<sinks::JsonlSink> recorder;
  if (Output* const trace = outputs.trace.get()) {
    recorder = std::make_unique<sinks::JsonlSink>([trace](std::string_view s) { trace->write(s); });
    analysis.add_listener(*recorder);
  }
  std::unique_ptr<sinks::TextSink> printer;
  if (Output* const story = outputs.story.get()) {
    const int stream = request.story_file.empty() ? STDERR_FILENO : -1;
    sinks::TextOptions look = text_options(*request.view, stream);
    look.sees_chosen = look.chosen.has_value();
    printer =
        std::make_unique<sinks::TextSink>(look, [story](std::string_view s) { story->write(s); });
    analysis.add_listener(*printer);
  }
  analysis.add_listener(*plan.stop);
  return run_traced(engine_options(request, plan.following), analysis, outputs, front);
}

}  // namespace

void add_injections(ptrace::LaunchOptions& options,
                    const std::vector<ptrace::Injection>& injections) {
  options.injections = injections;
  for (const ptrace::Injection& injection : injections) {
    // A signal goes along when an entry stop is resumed; a seccomp stop takes none. ptrace(2).
    const bool stops =
        injection.signal == 0 && options.calls && injection.calls.add_to(*options.calls);
    if (!stops) {
      options.calls.reset();
    }
  }
}

std::vector<ptrace::EnvironmentChange> environment_changes(const std::vector<std::string>& words) {
  std::vector<ptrace::EnvironmentChange> changes;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    ptrace::EnvironmentChange& change = changes.emplace_back();
    change.name = word.substr(0, equals);
    if (equals != std::string::npos) {
      change.value = word.substr(equals + 1);
    }
  }
  return changes;
}

Ending run_traced(ptrace::LaunchOptions options, timeline::Analysis& analysis, Outputs& outputs,
                  const FrontLink& front) {
  survive_closed_pipes();
  options.process_group = front.process_group;
  options.gives_up_streams = true;
  options.front = ::getppid();
  options.narrowed = front.narrowed;
  const auto end = [&] {
    const bool may_lag = !options.following.attach.empty() && options.command.empty() &&
                         !options.following.is_enough;
    ptrace::EventQueue queue{
        analysis, may_lag ? ptrace::EventQueue::Pace::WhenQuiet : ptrace::EventQueue::Pace::Steady};
    // which is done with the events when this scope ends
    return ptrace::trace_launch(options, queue);
  }();
  // The command may have taken the terminal's foreground from us, and our output must go on.
  std::signal(SIGTTOU, SIG_IGN);
  if (!end) {
    outputs.discard();
    return {
        report_start_failure(options.command.empty() ? "" : options.command.front(), end.error())};
  }
  analysis.finish();
  const bool written = outputs.finish();
  if (end.value().keeps) {
    print_keeper();
  }
  const bool has_status = end.value().seen;
  const bool needs_status = !options.command.empty() && !end.value().let_go;
  if (!written || (!has_status && needs_status)) {
    return {kToolFailure, 0, end.value().keeps};
  }
  return {end.value().code, end.value().signal, end.value().keeps};
}

int pass_on(const Ending& ending) {
  if (ending.signal != 0) {
    die_of(ending.signal);
  }
  return ending.status;
}

int launch(const LaunchRequest& request) {
  const auto limit = parse_until(request.follow.until, !request.command.empty());
  if (!limit) {
    print_error(limit.error());
    return kToolFailure;
  }
  StopCondition stop{limit.value().until};
  const bool watches = limit.value().until != StopCondition::Until::Never;
  const auto following = make_following(request.follow, limit.value(), watches ? &stop : nullptr);
  if (!following) {
    print_error(following.error());
    return kToolFailure;
  }
  const Plan plan{following.value(), &stop};
  return pass_on(
      run_behind_front([&](const FrontLink& front) { return trace(request, plan, front); }));
}

int run_launch(const Arguments& words) {
  if (has_strace_style(words)) {
    return run_strace_launch(words);
  }
  CLI::App app{kDescription, "boxtrace"};
  set_usage(app, "boxtrace [OPTIONS] [-p PID]... [CMD [ARG]...]");
  app.set_version_flag("--version", std::string("boxtrace ") + BOXTRACE_VERSION);
  LaunchRequest request;
  ViewOptions view;
  bool quiet = false;
  app.add_option("-o,--output", request.trace_file,
                 "Record a trace to FILE (JSON Lines), or to a shell command: |COMMAND")
      ->type_name("FILE");
  app.add_option("--story", request.story_file, "Write the story to FILE, not to standard error")
      ->type_name("FILE");
  app.add_flag("-q,--quiet", quiet, "Print no story; for use with -o");
  add_follow_options(app, request.follow);
  add_view_options(app, view);
  add_capture_options(app, request.capture);
  bool follow = true;  // always
  app.add_flag("-f,--follow-forks", follow, "Nothing new: children are always followed");
  if (const auto status = parse_prefix(app, words, request.command)) {
    return *status;
  }
  auto injections = choose(view);
  if (!injections) {
    print_error(injections.error());
    return kToolFailure;
  }
  request.injections = std::move(injections).value();
  if (request.command.empty() && request.follow.attach.empty()) {
    print_error({0, "no command to launch", "boxtrace --help shows two examples"});
    return kToolFailure;
  }
  if (quiet && request.trace_file.empty()) {
    print_error({0, "-q without -o would print and record nothing",
                 "name a trace file: boxtrace -q -o FILE CMD"});
    return kToolFailure;
  }
  if (!request.trace_file.empty() && request.trace_file == request.story_file) {
    print_error({0, "-o and --story name the same file", "a trace and a story need a file each"});
    return kToolFailure;
  }
  if (!quiet) {
    request.view = view;
  }
  return launch(request);
}

}  // namespace boxtrace::cli
