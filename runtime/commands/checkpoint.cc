// `boxrun checkpoint` and `boxrun restore` are known, so that an engine that asks gets an answer
// that it can show, but refused: boxrun has no code for criu(8).

#include <fmt/format.h>

#include <memory>

#include "runtime/commands/options.h"

namespace boxrun::commands {
namespace {

void add_refusal(CLI::App& app, Verb& chosen, const char* name) {
  CLI::App* verb = app.add_subcommand(name, "refused: boxrun does not checkpoint");
  verb->allow_extras();
  verb->callback([name, &chosen] {
    chosen = [name](const Session& session) {
      return fail(session, Error{0, fmt::format("{} is not supported by boxrun", name),
                                 "a runtime with criu, such as runc, can do it"});
    };
  });
}

}  // namespace

void add_checkpoint_and_restore(CLI::App& app, Verb& chosen) {
  add_refusal(app, chosen, "checkpoint");
  add_refusal(app, chosen, "restore");
}

}  // namespace boxrun::commands
