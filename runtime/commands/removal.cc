#include "runtime/commands/removal.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <thread>

#include "runtime/cgroup/freezer.h"
#include "runtime/exec/hook.h"
#include "runtime/systemd/scope.h"

namespace boxrun::commands {
namespace {

/// Init and everybody in the cgroup who still lives.
std::vector<int> survivors(const state::State& state) {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  std::vector<int> pids = cgroup::read_processes(state.cgroup);
  const auto ticks = state.pid > 0 ? state::read_start_ticks(state.pid) : std::nullopt;
  if (ticks && *ticks == state.start_ticks) {
    pids.push_back(state.pid);
  }
  return pids;
}

bool has_ended(const state::State& state) { return survivors(state).empty(); }

/// SIGKILL is sent at once, but dying takes a moment; in a cgroup, rmdir(2) would fail meanwhile.
void await_end(const state::State& state) {
  using std::chrono::milliseconds;
  for (milliseconds pause{1}; pause < milliseconds{2000} && !has_ended(state); pause *= 2) {
    std::this_thread::sleep_for(pause);
  }
}

steps::Outcome run_one(const config::Hook& hook, const state::State& state, state::Status status,
                       const exec::HookOutput& output) {
  const std::string document = state::render_oci_state(state, status, -1);
  const std::string field = "\"pid\":";
  const auto start = document.find(field) + field.size();
  const auto end = document.find_first_not_of("0123456789", start);
  const int pid = status == state::Status::Stopped ? 0 : state.pid;
  return exec::run_hook(hook, {document.substr(0, start), pid, document.substr(end), output});
}

/// Nothing is left that a failure could stop: it is a warning.
void run_poststop_hooks(const Session& session, const std::vector<config::Hook>& hooks,
                        const state::State& state) {
  if (hooks.empty()) {
    return;
  }
  const auto opened = exec::open_hook_output(state.annotations);
  if (!opened.ok()) {
    session.log.warn(base::render_error(opened.error()));
  }
  const exec::HookOutput own;
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    const auto outcome =
        run_one(hooks[i], state, state::Status::Stopped, opened.ok() ? opened.value() : own);
    if (outcome.failed()) {
      session.log.warn(fmt::format("/hooks/poststop/{}: {}", i, outcome.call()));
    }
  }
}

}  // namespace

Result<void> destroy(const Session& session, const state::Entry& entry, const state::State& state,
                     const config::Config& config) {
  // With its own pid namespace the kernel has killed everyone; without, and after a crash of
  // boxrun, some may be left.
  if (!has_ended(state)) {
    TRY_OK(cgroup::signal_all(state.cgroup, SIGKILL));
    for (const int pid : survivors(state)) {
      TRY_OK(cgroup::release_killed(state.cgroup, pid));
    }
    await_end(state);
  }
  std::vector<std::string> warnings;
  auto gone = systemd::remove_cgroup(state.cgroup, warnings);
  for (const std::string& warning : warnings) {
    session.log.warn(warning);
  }
  TRY_OK(std::move(gone));
  TRY_OK(resctrl::remove_groups(state.resctrl));
  TRY_OK(entry.remove());
  run_poststop_hooks(session, config.hooks.poststop, state);
  return {};
}

int stay_to_the_end(const Session& session, Launch& launch, const state::State& state,
                    const config::Config& config, bool keep) {
  const auto status = launch.stay(state.pid);
  if (!status.ok()) {
    session.log.error(status.error());
    ::kill(state.pid, SIGKILL);
  }
  if (!keep) {
    auto entry = session.store.lock(state.id);
    // `delete --force` of somebody else may have been faster.
    if (entry.ok()) {
      const auto removed = destroy(session, entry.value(), state, config);
      if (!removed.ok()) {
        session.log.error(removed.error());
      }
    }
  }
  return status.ok() ? status.value() : 1;
}

Result<void> run_early_hooks(const std::vector<config::Hook>& hooks, std::string_view kind,
                             const state::State& state, state::Status status) {
  if (hooks.empty()) {
    return {};
  }
  TRY(const exec::HookOutput output, exec::open_hook_output(state.annotations));
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    const auto outcome = run_one(hooks[i], state, status, output);
    if (outcome.failed()) {
      return Error{outcome.err(), fmt::format("/hooks/{}/{}: {}", kind, i, outcome.call()),
                   outcome.hint_text()};
    }
  }
  return {};
}

Result<void> finish_start(const Session& session, const state::State& state,
                          const config::Config& config) {
  auto done = run_early_hooks(config.hooks.poststart, "poststart", state, state::Status::Running);
  if (done.ok()) {
    return done;
  }
  auto entry = session.store.lock(state.id);
  // `delete --force` of somebody else may have been faster.
  if (entry.ok()) {
    if (!has_ended(state)) {
      ::kill(state.pid, SIGKILL);
    }
    const auto removed = destroy(session, entry.value(), state, config);
    if (!removed.ok()) {
      session.log.error(removed.error());
    }
  }
  return done;
}

}  // namespace boxrun::commands
