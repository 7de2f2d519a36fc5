// `boxrun pause` and `boxrun resume`: everything in the container stops, and goes on.

#include <fmt/format.h>

#include <memory>

#include "runtime/cgroup/freezer.h"
#include "runtime/commands/options.h"
#include "runtime/config/parse.h"

namespace boxrun::commands {
namespace {

Result<void> freeze(const Session& session, const std::string& id, bool frozen) {
  TRY_OK(config::parse_container_id(id));
  TRY(const state::Entry entry, session.store.lock(id));
  TRY(const state::State state, session.store.read(id));
  const auto status = state::read_status(state, entry.fifo_path());
  const bool is_fit = frozen ? status == state::Status::Running || status == state::Status::Created
                             : status == state::Status::Paused;
  if (!is_fit) {
    return Error{0,
                 fmt::format("container \"{}\" cannot be {}: it is {}", id,
                             frozen ? "paused" : "resumed", state::render_status(status)),
                 {}};
  }
  return cgroup::set_frozen(state.cgroup, frozen);
}

void add_verb(CLI::App& app, Verb& chosen, const char* name, const char* description, bool frozen) {
  CLI::App* verb = app.add_subcommand(name, description);
  const auto id = std::make_shared<std::string>();
  verb->add_option("id", *id, "the container")->required();
  verb->callback([id, frozen, &chosen] {
    chosen = [id, frozen](const Session& session) {
      const auto done = freeze(session, *id, frozen);
      return done.ok() ? 0 : fail(session, done.error());
    };
  });
}

}  // namespace

void add_pause_and_resume(CLI::App& app, Verb& chosen) {
  add_verb(app, chosen, "pause", "stop all processes of a container", true);
  add_verb(app, chosen, "resume", "let a paused container go on", false);
}

}  // namespace boxrun::commands
