// `boxrun list`: the containers below the state directory.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "runtime/commands/options.h"

namespace boxrun::commands {
namespace {

struct Options {
  std::string format = "table";
  bool quiet = false;
};

struct Row {
  state::State state;
  state::Status status;
};

void print_table(const std::vector<Row>& rows) {
  std::size_t width = 2;
  for (const Row& row : rows) {
    width = std::max(width, row.state.id.size());
  }
  // In runc's order, which people cut columns out of.
  fmt::print("{:<{}}  {:<8}  {:<8}  {:<30}  {:<30}  {}\n", "ID", width, "PID", "STATUS", "BUNDLE",
             "CREATED", "OWNER");
  for (const Row& row : rows) {
    fmt::print("{:<{}}  {:<8}  {:<8}  {:<30}  {:<30}  {}\n", row.state.id, width,
               row.status == state::Status::Stopped ? 0 : row.state.pid,
               state::render_status(row.status), base::printable(row.state.bundle),
               row.state.created, state::owner_name(row.state));
  }
}

void print_json(const std::vector<Row>& rows) {
  nlohmann::ordered_json document = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    document.push_back(
        nlohmann::ordered_json::parse(state::render_oci_state(row.state, row.status, -1)));
  }
  fmt::print("{}\n", document.dump());
}

Result<void> list(const Session& session, const Options& options) {
  TRY(const auto ids, session.store.ids());
  std::vector<Row> rows;
  for (const std::string& id : ids) {
    auto state = session.store.read(id);
    if (state.ok()) {  // else it is just being made or deleted
      const auto status = state::read_status(state.value(), session.store.fifo_path(id));
      rows.push_back({std::move(state).value(), status});
    }
  }
  if (options.quiet) {
    for (const Row& row : rows) {
      fmt::print("{}\n", row.state.id);
    }
  } else if (options.format == "json") {
    print_json(rows);
  } else {
    print_table(rows);
  }
  return {};
}

}  // namespace

void add_list(CLI::App& app, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("list", "list containers");
  const auto options = std::make_shared<Options>();
  verb->add_option("-f,--format", options->format, "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  verb->add_flag("-q,--quiet", options->quiet, "print ids only");
  verb->callback([options, &chosen] {
    chosen = [options](const Session& session) {
      const auto listed = list(session, *options);
      return listed.ok() ? 0 : fail(session, listed.error());
    };
  });
}

}  // namespace boxrun::commands
