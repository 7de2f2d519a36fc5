#include "tracer/cli/following.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <variant>

#include "tracer/base/text.h"
#include "tracer/model/roles.h"

namespace boxtrace::cli {
namespace {

/// A positive number of seconds, with or without a fraction.
std::optional<std::chrono::nanoseconds> parse_seconds(std::string_view text) {
  constexpr double kMost = 1e9;  // some thirty years; in nanoseconds it fits 63 bits
  double seconds = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (failure != std::errc{} || end != text.data() + text.size() || !(seconds > 0) ||
      seconds > kMost) {
    return std::nullopt;
  }
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>{seconds});
}

bool is_engine(const std::string& exe, const std::vector<std::string>& argv) {
  return model::find_role({exe, argv, {}, {}, false}).is_daemon;
}

}  // namespace

void add_follow_options(CLI::App& app, FollowOptions& options) {
  app.add_option("-p,--attach", options.attach,
                 "Attach to process PID and all its threads; may be repeated")
      ->allow_extra_args(false)
      ->type_name("PID");
  app.add_flag("--light", options.light,
               "Let the processes of -p run at full speed, trace what they start (the default for "
               "dockerd, containerd and their kin)");
  app.add_flag("--full", options.full, "Trace every call of the processes of -p, engines too");
  app.add_option("--until", options.until,
                 "Let go of everything and end: when the container's program has been started, "
                 "has ended (exit), or after SECONDS")
      ->type_name("started|exit|SECONDS");
  app.add_option("-b,--detach-on", options.detach_on, "Let go of each process when it calls execve")
      ->type_name("execve");
  app.add_flag("--follow-untraced", options.untraced_too,
               "Follow children made with CLONE_UNTRACED, too: the flag is hidden from the kernel");
}

void StopCondition::on_step(const timeline::Step& step) {
  is_met_ = is_met_ || (until_ == Until::Exited && container_ == step.event.task &&
                        std::holds_alternative<raw::TaskExited>(step.event.body));
}

void StopCondition::on_milestone(const timeline::Milestone& milestone) {
  if (milestone.id == "exec.final" && !container_) {
    container_ = milestone.task;
    is_met_ = until_ == Until::Started;
  }
}

base::Result<Limit> parse_until(const std::string& text, bool has_command) {
  Limit limit;
  if (text.empty()) {
    return limit;
  }
  if (text == "started") {
    limit.until = StopCondition::Until::Started;
  } else if (text == "exit") {
    limit.command_ends = has_command;
    limit.until = has_command ? StopCondition::Until::Never : StopCondition::Until::Exited;
  } else if (limit.time = parse_seconds(text); !limit.time) {
    return base::Error{0, "--until " + base::quote(text) + " is not known",
                       "use started, exit, or a number of seconds"};
  }
  return limit;
}

base::Result<std::vector<base::HostPid>> parse_pids(const std::vector<std::string>& words) {
  std::vector<base::HostPid> pids;
  for (const std::string& word : words) {
    const std::size_t before = pids.size();
    for (const std::string_view list : base::split_blanks(word)) {
      for (const std::string_view text : base::split(list, ',')) {
        const auto number = text.empty() ? std::nullopt : base::parse_i64(text);
        if (!number || *number <= 0 || *number > INT32_MAX) {
          return base::Error{0, "-p " + base::quote(word) + ": not a pid",
                             "name processes by number: boxtrace -p $(pidof PROGRAM)"};
        }
        pids.push_back({static_cast<std::int32_t>(*number)});
      }
    }
    if (pids.size() == before) {
      return base::Error{0, "-p " + base::quote(word) + ": no pid",
                         "is the program running? pidof prints nothing if not"};
    }
  }
  return pids;
}

base::Result<ptrace::Following> make_following(const FollowOptions& options, const Limit& limit,
                                               const StopCondition* stop) {
  using Light = ptrace::Following::Light;
  ptrace::Following following;
  TRY(following.attach, parse_pids(options.attach));
  if (options.light && options.full) {
    return base::Error{0, "--light and --full contradict each other", ""};
  }
  if (!options.detach_on.empty() && options.detach_on != "execve") {
    return base::Error{0, "--detach-on " + base::quote(options.detach_on) + " is not known",
                       "execve is the only call to let go at"};
  }
  following.light = options.light ? Light::Always : options.full ? Light::Never : Light::Engines;
  following.is_engine = is_engine;
  following.untraced_too = options.untraced_too;
  following.let_go_at_exec = !options.detach_on.empty();
  following.time_limit = limit.time;
  // With both, what is attached to is of interest for what it does for the command.
  following.until_command_ends =
      limit.command_ends || (options.until.empty() && !following.attach.empty());
  if (stop != nullptr) {
    following.is_enough = [stop] { return stop->is_met(); };
  }
  return following;
}

}  // namespace boxtrace::cli
