#pragma once
// What boxrun asks systemd for.
//
// A scope is started for processes that are there already. systemd makes its cgroup, in all
// hierarchies that it keeps, with `Delegate` so that boxrun may write there too, moves the
// processes in, and removes everything when the last one has ended. Starting and stopping are jobs:
// the answer to the call only says that the job was queued, a signal says how it ended.
//
// Sources: org.freedesktop.systemd1(5); systemd.scope(5).

#include <chrono>
#include <string>
#include <vector>

#include "runtime/aliases.h"
#include "runtime/plan/step.h"
#include "runtime/systemd/bus.h"
#include "runtime/systemd/properties.h"

namespace boxrun::systemd {

class Units {
 public:
  /// @param user   the systemd of the user, not the system's
  /// @param limit  for each of the calls below, the wait for its job included
  [[nodiscard]] static Result<Units> connect(bool user,
                                             std::chrono::milliseconds limit = std::chrono::seconds{
                                                 30});

  /// The cgroup below which this systemd keeps its slices: empty for the root, else
  /// `/user.slice/...`.
  [[nodiscard]] Result<std::string> read_own_cgroup();

  /// Starts a scope with `pid` in it. A failed unit of the same name is forgotten first.
  ///
  /// @errors  EEXIST: there is a unit of that name; ETIMEDOUT; what systemd says, a job's result
  /// too
  [[nodiscard]] Result<void> start_scope(const plan::ScopeName& scope, int pid,
                                         const std::vector<Property>& properties);
  /// The cgroup that a scope has got: `/system.slice/a-b.scope`.
  [[nodiscard]] Result<std::string> read_cgroup(const std::string& unit);
  /// Until the next reboot.
  [[nodiscard]] Result<void> set_properties(const std::string& unit,
                                            const std::vector<Property>& properties);
  /// Ends what runs in it, and forgets that it may have failed. A unit that is gone already is no
  /// error.
  [[nodiscard]] Result<void> stop(const std::string& unit);

 private:
  Units(Bus bus, std::chrono::milliseconds limit) : bus_(std::move(bus)), limit_(limit) {}

  [[nodiscard]] Clock::time_point deadline() const { return Clock::now() + limit_; }
  [[nodiscard]] Result<dbus::Message> call(const std::string& member, std::vector<dbus::Value> body,
                                           Clock::time_point deadline);
  [[nodiscard]] Result<std::string> read_property(std::string path, const char* interface,
                                                  const char* name);
  /// The same for a call that makes a job. @returns the result of the job, or the answer if it is
  /// an error
  struct Outcome {
    std::string result;     ///< `done`, `failed`, ...
    dbus::Message refusal;  ///< where result is empty
  };
  [[nodiscard]] Result<Outcome> run_job(const std::string& member, std::vector<dbus::Value> body);
  void forget_failure(const std::string& unit);

  Bus bus_;
  std::chrono::milliseconds limit_;
};

}  // namespace boxrun::systemd
