#include "tracer/cli/options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "tracer/base/text.h"
#include "tracer/cli/strace_expressions.h"
#include "tracer/cli/strace_options.h"

namespace boxtrace::cli {
namespace {

/// CLI11 wants the words reversed, and drops a `--`, which then could not be told from an option.
std::vector<std::string> reversed(const Arguments& words) { return {words.rbegin(), words.rend()}; }

class UsageFormatter final : public CLI::Formatter {
 public:
  explicit UsageFormatter(std::string usage) : usage_(std::move(usage)) {}
  std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override {
    return "\nUsage: " + usage_ + "\n";
  }

 private:
  std::string usage_;
};

int print_parse_outcome(CLI::App& app, const CLI::ParseError& outcome, int error_status) {
  if (outcome.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    return app.exit(outcome);  // --help, --version: printed to standard output
  }
  print_error({0, outcome.what(), app.get_name() + " --help lists the options"});
  return error_status;
}

}  // namespace

void add_view_options(CLI::App& app, ViewOptions& options) {
  app.add_flag("-v", options.verbose,
               "Show the events that concern the container; -vv: every system call");
  app.add_option("-e", options.expressions,
                 "List only these calls or signals: -e trace=%mount,clone -e signal=chld -e "
                 "status=failed; or meddle with calls: -e inject=mount:error=EPERM:when=3; see "
                 "boxtrace-strace(1)")
      ->allow_extra_args(false)
      ->type_name("EXPR");
  add_layout_options(app, options);
  app.add_option("--style", options.style,
                 "story, or strace: options and output are then those of strace(1), see "
                 "boxtrace-strace(1)")
      ->check(CLI::IsMember({"story", "strace"}).description(""))
      ->type_name("STYLE");
  app.add_flag("--ascii", options.ascii, "Draw with ASCII characters only");
  app.add_flag("--stable", options.stable,
               "T1 for pids, mnt#2 for namespaces, no times: equal from run to run");
}

base::Result<std::vector<ptrace::Injection>> choose(ViewOptions& options) {
  StraceRequest asked;
  bool chooses = false;
  for (const std::string& expression : options.expressions) {
    const std::size_t meddles = asked.injections.size();
    TRY_OK(apply_own_expression(asked, expression));
    chooses = chooses || asked.injections.size() == meddles;
  }
  for (const std::string& note : asked.notes) {
    print_note(note);
  }
  if (chooses) {
    options.chosen = std::move(asked.filter);
  }
  return std::move(asked.injections);
}

void add_layout_options(CLI::App& app, ViewOptions& options) {
  app.add_option("--color", options.color, "When to use colours: auto, always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}).description(""))
      ->type_name("WHEN");
  app.add_option("--width", options.width, "Lay out for N columns (100); 0 never breaks a line")
      ->check(CLI::Range(std::size_t{0}, std::size_t{1} << 16).description(""))
      ->type_name("N");
}

void add_capture_options(CLI::App& app, CaptureOptions& options) {
  app.add_option("-s,--string-limit", options.string_limit,
                 "Capture at most N bytes of a string; paths are captured whole")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{0}, std::size_t{1} << 20).description(""))
      ->type_name("N");
  app.add_option("--env", options.env,
                 "Capture of environments: names (the default), or values too")
      ->check(CLI::IsMember({"names", "values"}).description(""))
      ->type_name("WHAT");
  app.add_option("--calls", options.calls,
                 "Stop the command at every call, or only at those that a story is made of (the "
                 "default without -vv and -o), which a seccomp filter picks out; without "
                 "CAP_SYS_ADMIN no filter is used")
      ->check(CLI::IsMember({"every", "story"}).description(""))
      ->type_name("WHICH");
  app.add_option("-E", options.environment,
                 "Set a variable of the command's environment, or remove it")
      ->allow_extra_args(false)
      ->type_name("NAME[=VALUE]");
  app.add_flag("-k,--stack-traces", options.stacks,
               "Say who made the calls that concern the container; -kk, or -k with -vv: all calls");
  app.add_flag("--why-here", options.call_sites,
               "Show the machine code around these calls, and the registers");
}

sinks::TextOptions text_options(const ViewOptions& options, int fd) {
  using Zoom = sinks::TextOptions::Zoom;
  sinks::TextOptions text;
  // Calls are chosen to be listed; the story is no list.
  text.zoom = options.verbose == 0   ? (options.chosen ? Zoom::Calls : Zoom::Story)
              : options.verbose == 1 ? Zoom::Events
                                     : Zoom::Calls;
  const Color color = options.color == "always"  ? Color::Always
                      : options.color == "never" ? Color::Never
                                                 : Color::Auto;
  text.color = wants_color(color, fd);
  text.chosen = options.chosen;
  text.ascii = options.ascii;
  text.stable = options.stable;
  text.width = options.width.value_or(columns_of(fd));
  return text;
}

void set_usage(CLI::App& app, std::string usage) {
  app.formatter(std::make_shared<UsageFormatter>(std::move(usage)));
}

std::optional<int> parse(CLI::App& app, const Arguments& words, int error_status) {
  try {
    app.parse(reversed(words));
  } catch (const CLI::ParseError& outcome) {
    return print_parse_outcome(app, outcome, error_status);
  }
  return std::nullopt;
}

std::optional<int> parse_prefix(CLI::App& app, const Arguments& words,
                                std::vector<std::string>& command) {
  // CLI11 stops at the first word that it does not know, be it a command or an option, and hands
  // out that word and all behind it. A `--` is cut off here, because what stands behind it is a
  // command even if it looks like an option.
  app.prefix_command();
  const auto dashes = std::find(words.begin(), words.end(), "--");
  if (const auto status = parse(app, {words.begin(), dashes}, kToolFailure)) {
    return status;
  }
  command = app.remaining();
  if (!command.empty() && command.front().size() > 1 && command.front().front() == '-') {
    print_error(refuse_option(command.front()));
    return kToolFailure;
  }
  if (command.empty() && dashes != words.end()) {
    command.assign(dashes + 1, words.end());
  } else {
    command.insert(command.end(), dashes, words.end());  // the command's own `--`
  }
  return std::nullopt;
}

}  // namespace boxtrace::cli
