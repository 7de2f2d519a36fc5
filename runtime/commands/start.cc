// `boxrun start`: lets a created container's program run.

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <memory>
#include <optional>

#include "runtime/commands/notify.h"
#include "runtime/commands/options.h"
#include "runtime/commands/removal.h"
#include "runtime/config/parse.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

/// Init holds the FIFO until execve(2), or its end, closes it. Then the program runs, which is when
/// poststart hooks may. Not for ever: init may have to wait for a hook, or be frozen.
void await_execve(os::BorrowedFd fifo) {
  constexpr int kPatience = 10'000;  // milliseconds
  pollfd wait{fifo.get(), 0, 0};     // POLLERR: nobody reads any more
  while (::poll(&wait, 1, kPatience) < 0 && errno == EINTR) {
  }
}

Result<void> start(const Session& session, const std::string& id) {
  TRY_OK(config::parse_container_id(id));
  TRY(state::Entry entry, session.store.lock(id));
  TRY(const state::State state, session.store.read(id));
  const auto status = state::read_status(state, entry.fifo_path());
  if (status != state::Status::Created) {
    return Error{0,
                 fmt::format("container \"{}\" cannot be started: it is {}", id,
                             state::render_status(status)),
                 status == state::Status::Stopped ? "create it anew" : ""};
  }
  // O_NONBLOCK: with nobody at the other end it fails instead of waiting for ever.
  auto fifo = os::open_file(entry.fifo_path(), O_WRONLY | O_NONBLOCK);
  if (!fifo.ok()) {
    Error error = std::move(fifo).error();
    if (error.err == ENXIO) {
      error.hint = "the container's init has died";
    }
    return error;
  }
  TRY(const std::string text, os::read_file(entry.config_path()));
  TRY(const config::Config config, config::parse_config(text));
  std::optional<Notifier> notifier;
  if (is_notify_wanted() && ::access(entry.notify_path().c_str(), F_OK) == 0) {
    TRY(notifier, Notifier::open(entry.notify_path()));
  }
  TRY_OK(os::write_all(fifo.value(), "0"));
  if (::unlink(entry.fifo_path().c_str()) != 0) {
    return os::errno_error(fmt::format("unlink({})", base::quote(entry.fifo_path())));
  }
  if (config.process.args.empty()) {
    return config::nothing_to_run();
  }
  entry.unlock();
  await_execve(fifo.value());
  TRY_OK(finish_start(session, state, config));
  if (notifier) {
    notifier->await(state.pid);
  }
  return {};
}

}  // namespace

void add_start(CLI::App& app, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("start", "run the program of a created container");
  const auto id = std::make_shared<std::string>();
  verb->add_option("id", *id, "the container")->required();
  verb->callback([id, &chosen] {
    chosen = [id](const Session& session) {
      const auto started = start(session, *id);
      return started.ok() ? 0 : fail(session, started.error());
    };
  });
}

}  // namespace boxrun::commands
