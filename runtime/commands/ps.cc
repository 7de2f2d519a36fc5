// `boxrun ps`: the processes of a container, by their pids on the host.

#include <errno.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "runtime/commands/options.h"
#include "runtime/commands/program_output.h"
#include "runtime/config/parse.h"

namespace boxrun::commands {
namespace {

struct Options {
  std::string id;
  std::string format = "table";
  std::vector<std::string> args;
};

/// The lines of ps(1) whose column PID holds one of `pids`, and the heading.
Result<std::string> pick_lines(std::string_view table, const std::vector<int>& pids) {
  const auto lines = base::split(table, '\n');
  const auto heading = base::split_blanks(lines.front());
  const auto column = std::ranges::find(heading, "PID");
  if (column == heading.end()) {
    return Error{0, "ps printed no column PID, by which its lines are picked",
                 "choose other options, for example: boxrun ps ID -ef"};
  }
  std::string picked = fmt::format("{}\n", lines.front());
  for (const std::string_view line : lines) {
    const auto fields = base::split_blanks(line);
    const auto index = static_cast<std::size_t>(column - heading.begin());
    const auto pid = index < fields.size() ? base::parse_u64(fields[index]) : std::nullopt;
    if (pid && std::ranges::find(pids, static_cast<int>(*pid)) != pids.end()) {
      picked += fmt::format("{}\n", line);
    }
  }
  return picked;
}

Result<void> print_processes(const Session& session, const Options& options) {
  TRY_OK(config::parse_container_id(options.id));
  TRY(const state::State state, session.store.read(options.id));
  auto pids = cgroup::read_processes(state.cgroup);
  if (state.cgroup.places.empty() &&
      state::read_status(state, session.store.fifo_path(options.id)) != state::Status::Stopped) {
    // Without a cgroup of its own (rootless) nothing says who belongs to it except init.
    pids.push_back(state.pid);
  }
  if (options.format == "json") {
    fmt::print("{}\n", nlohmann::json(pids).dump());
    return {};
  }
  std::vector<std::string> command = {"ps"};
  command.insert(command.end(), options.args.begin(), options.args.end());
  if (options.args.empty()) {
    command.emplace_back("-ef");
  }
  auto table = read_output(command);
  if (!table.ok()) {
    Error error = std::move(table).error();
    error.hint = error.err == ENOENT ? "the host has no ps; --format json does without" : "";
    return error;
  }
  TRY(const std::string picked, pick_lines(table.value(), pids));
  fmt::print("{}", picked);
  return {};
}

}  // namespace

void add_ps(CLI::App& app, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("ps", "list the processes of a container");
  const auto options = std::make_shared<Options>();
  verb->add_option("id", options->id, "the container")->required();
  verb->add_option("args", options->args, "options for ps(1) (default: -ef)");
  verb->add_option("-f,--format", options->format, "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  verb->callback([options, &chosen] {
    chosen = [options](const Session& session) {
      const auto printed = print_processes(session, *options);
      return printed.ok() ? 0 : fail(session, printed.error());
    };
  });
}

}  // namespace boxrun::commands
