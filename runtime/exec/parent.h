#pragma once
// boxrun's own part of a plan: it clones, writes what the child may not write itself, and waits.

#include <sys/types.h>

#include <array>
#include <map>
#include <string>

#include "runtime/aliases.h"
#include "runtime/config/config.h"
#include "runtime/exec/channel.h"
#include "runtime/exec/log.h"
#include "runtime/exec/prepared.h"
#include "runtime/plan/build.h"
#include "runtime/state/store.h"
#include "runtime/systemd/scope.h"

namespace boxrun::exec {

/// The state of a container that is about to be made, which has no process yet.
[[nodiscard]] state::State make_state(const config::Config& config, const plan::Circumstances& at);

/// Runs a plan. An object lives for one creation.
class Parent {
 public:
  Parent(const plan::Plan& plan, const config::Config& config,
         const plan::Circumstances& circumstances, const state::Entry& entry, const Log& log);
  ~Parent();
  Parent(const Parent&) = delete;
  Parent& operator=(const Parent&) = delete;

  /// The master of the container's terminal goes over this socket.
  void give_console(ConsoleRoute route) { prepared_.console = std::move(route); }
  /// What config.json of the state directory will say; has to live as long.
  void keep_config(std::string_view text) { config_text_ = text; }
  /// For a plan that joins: the running container, and its namespaces, opened.
  void adopt(const state::State& state, std::map<config::NamespaceKind, os::UniqueFd> namespaces);

  /// Creates the container: afterwards init either waits for `start` or has executed the program.
  /// After a failure no process and no cgroup is left; the state directory is the caller's.
  [[nodiscard]] Result<void> run();
  /// The exit status that belongs to the error of run().
  [[nodiscard]] int failure_status() const { return failure_status_; }

  [[nodiscard]] pid_t init_pid() const { return init_; }
  [[nodiscard]] const state::State& state() const { return state_; }

 private:
  [[nodiscard]] Result<void> run_steps();
  [[nodiscard]] Result<void> perform(const plan::MakeResctrlGroup& step);
  [[nodiscard]] Result<void> perform(const plan::SetSchema& step);
  [[nodiscard]] Result<void> perform(const plan::MakeMonitorGroup& step);
  [[nodiscard]] Result<void> perform(const plan::JoinResctrlGroups& step);
  [[nodiscard]] Result<void> perform(const plan::PlaceCgroup& step);
  [[nodiscard]] Result<void> perform(const plan::MakeCgroup& step);
  [[nodiscard]] Result<void> perform(const plan::ReserveScope& step);
  [[nodiscard]] Result<void> perform(const plan::StartScope& step);
  [[nodiscard]] Result<void> perform(const plan::Spawn& step);
  [[nodiscard]] Result<void> perform(const plan::WriteIdMaps& step);
  [[nodiscard]] Result<void> perform(const plan::SetOomScore& step);
  [[nodiscard]] Result<void> perform(const plan::RaiseHardLimit& step);
  [[nodiscard]] Result<void> perform(const plan::SetScheduler& step);
  [[nodiscard]] Result<void> perform(const plan::SetIoPriority& step);
  [[nodiscard]] Result<void> perform(const plan::MoveNetDevice& step);
  [[nodiscard]] Result<void> perform(const plan::MapSource& step);
  [[nodiscard]] Result<void> perform(const plan::RunHooks& step);
  [[nodiscard]] Result<void> perform(const plan::RecordCreated& step);
  [[nodiscard]] Result<void> perform(const plan::Tell& step);
  [[nodiscard]] Result<void> perform(const plan::Await& step);
  /// Checks, writes down and makes some of the places chosen.
  [[nodiscard]] Result<void> make_directories(cgroup::Cgroup some);
  void describe_cgroup();
  [[nodiscard]] Result<void> hand_over_cgroup();
  [[nodiscard]] Result<void> write_ahead();
  /// Until the socket closes, which execve(2) does.
  [[nodiscard]] Result<void> await_execve();
  [[nodiscard]] Error child_refused(const Message& message);
  [[nodiscard]] Error child_vanished();
  [[nodiscard]] Result<void> check_number() const;
  void warn(const std::vector<std::string>& sentences);
  void clean_up();

  const plan::Plan& plan_;
  const config::Config& config_;
  const plan::Circumstances& at_;
  const state::Entry& entry_;
  const Log& log_;
  std::string_view config_text_;
  Prepared prepared_;
  cgroup::Cgroup chosen_;  ///< of which state_ has those that are made, or about to be
  state::State state_;
  systemd::ScopePlan scope_;
  os::UniqueFd channel_;
  os::UniqueFd child_channel_;
  std::array<os::UniqueFd, 1> source_;  ///< from SourceCloned to MapSource
  pid_t stage_ = 0;
  pid_t init_ = 0;
  int failure_status_ = 1;
};

}  // namespace boxrun::exec
