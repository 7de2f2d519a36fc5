// `boxrun state`: the container as JSON.

#include <fmt/format.h>

#include <memory>

#include "runtime/commands/options.h"
#include "runtime/config/parse.h"

namespace boxrun::commands {
namespace {

Result<void> print_state(const Session& session, const std::string& id) {
  TRY_OK(config::parse_container_id(id));
  TRY(const state::State state, session.store.read(id));
  const auto status = state::read_status(state, session.store.fifo_path(id));
  fmt::print("{}\n", state::render_oci_state(state, status, 2));
  return {};
}

}  // namespace

void add_state(CLI::App& app, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("state", "print the state of a container as JSON");
  const auto id = std::make_shared<std::string>();
  verb->add_option("id", *id, "the container")->required();
  verb->callback([id, &chosen] {
    chosen = [id](const Session& session) {
      const auto printed = print_state(session, *id);
      return printed.ok() ? 0 : fail(session, printed.error());
    };
  });
}

}  // namespace boxrun::commands
