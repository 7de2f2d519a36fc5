// `boxrun delete`: removes a stopped container, or with --force any.

#include <fmt/format.h>
#include <signal.h>

#include <memory>

#include "runtime/commands/options.h"
#include "runtime/commands/removal.h"
#include "runtime/config/parse.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

struct Options {
  std::string id;
  bool force = false;
};

/// The config that the container was made from; hooks of it remain to be run. A damaged one must
/// not keep the container from being removed.
config::Config read_config(const state::Entry& entry) {
  const auto text = os::read_file(entry.config_path());
  if (text.ok()) {
    auto parsed = config::parse_config(text.value());
    if (parsed.ok()) {
      return std::move(parsed).value();
    }
  }
  return {};
}

Result<void> remove(const Session& session, const Options& options) {
  TRY_OK(config::parse_container_id(options.id));
  auto locked = session.store.lock(options.id);
  if (!locked.ok()) {
    // --force promises that afterwards there is no such container: there is none.
    return options.force && locked.error().what.find("does not exist") != std::string::npos
               ? Result<void>{}
               : std::move(locked).error();
  }
  const state::Entry entry = std::move(locked).value();
  auto read = session.store.read(options.id);
  if (!read.ok()) {
    // A boxrun that was killed right after mkdir(2) has left an empty directory.
    return options.force ? entry.remove() : Result<void>{std::move(read).error()};
  }
  const state::State state = std::move(read).value();
  const auto status = state::read_status(state, entry.fifo_path());
  const bool is_alive = status == state::Status::Created || status == state::Status::Running ||
                        status == state::Status::Paused;
  // We hold the lock, so nobody is creating: `creating` is what a killed boxrun has left.
  if (is_alive && !options.force) {
    return Error{0,
                 fmt::format("container \"{}\" cannot be deleted: it is {}", options.id,
                             state::render_status(status)),
                 "stop it with `boxrun kill`, or use --force"};
  }
  if (status != state::Status::Stopped && state.pid > 0) {
    ::kill(state.pid, SIGKILL);
    if (status == state::Status::Paused) {
      TRY_OK(cgroup::signal_all(state.cgroup, SIGKILL));
    }
  }
  return destroy(session, entry, state, read_config(entry));
}

}  // namespace

void add_delete(CLI::App& app, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("delete", "remove a stopped container");
  const auto options = std::make_shared<Options>();
  verb->add_option("id", options->id, "the container")->required();
  verb->add_flag("-f,--force", options->force, "kill it first if it runs");
  verb->callback([options, &chosen] {
    chosen = [options](const Session& session) {
      const auto removed = remove(session, *options);
      return removed.ok() ? 0 : fail(session, removed.error());
    };
  });
}

}  // namespace boxrun::commands
