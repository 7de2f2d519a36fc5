// `boxrun kill`: a signal for init, or for everyone in the container.

#include <errno.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>

#include "runtime/commands/options.h"
#include "runtime/config/names.h"
#include "runtime/config/parse.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

struct Options {
  std::string id;
  std::string signal = "SIGTERM";
  bool all = false;
};

/// containerd takes these first three words for "that is fine, it has ended already".
Error not_running(const std::string& id, state::Status status) {
  return Error{
      0, fmt::format("container not running: \"{}\" is {}", id, state::render_status(status)), {}};
}

/// Through a pidfd, so that the signal cannot hit a stranger who got init's pid in the meantime.
Result<void> signal_init(const state::State& state, int signal) {
  const os::UniqueFd init{static_cast<int>(::syscall(SYS_pidfd_open, state.pid, 0))};
  const bool is_init = init && state::read_start_ticks(state.pid) == state.start_ticks;
  if (!is_init) {
    return not_running(state.id, state::Status::Stopped);
  }
  if (::syscall(SYS_pidfd_send_signal, init.get(), signal, nullptr, 0) != 0) {
    return os::errno_error(fmt::format("pidfd_send_signal({}, {})", state.pid, signal));
  }
  return {};
}

Result<void> send(const Session& session, const Options& options) {
  TRY_OK(config::parse_container_id(options.id));
  const auto signal = config::parse_signal(options.signal);
  if (!signal) {
    return Error{0, fmt::format("unknown signal {}", base::quote(options.signal)),
                 "name one as TERM, SIGTERM or 15"};
  }
  TRY(const state::State state, session.store.read(options.id));
  const auto status = state::read_status(state, session.store.fifo_path(options.id));
  if (options.all) {
    return cgroup::signal_all(state.cgroup, *signal);
  }
  if (status == state::Status::Stopped || status == state::Status::Creating) {
    return not_running(options.id, status);
  }
  return signal_init(state, *signal);
}

}  // namespace

void add_kill(CLI::App& app, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("kill", "send a signal to a container");
  const auto options = std::make_shared<Options>();
  verb->add_option("id", options->id, "the container")->required();
  verb->add_option("signal", options->signal, "name or number (default: TERM)");
  verb->add_flag("-a,--all", options->all, "to every process of the container");
  verb->callback([options, &chosen] {
    chosen = [options](const Session& session) {
      const auto sent = send(session, *options);
      return sent.ok() ? 0 : fail(session, sent.error());
    };
  });
}

}  // namespace boxrun::commands
