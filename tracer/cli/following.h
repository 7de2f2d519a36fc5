#pragma once
// The options that say what is traced besides the command, how closely, and how long: -p, --light,
// --full, --until, --detach-on.

#include <optional>
#include <string>
#include <vector>

#include "tracer/base/result.h"
#include "tracer/cli/options.h"
#include "tracer/ptrace/engine.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::cli {

/// As typed.
struct FollowOptions {
  std::vector<std::string> attach;
  bool light = false;
  bool full = false;
  std::string until;
  std::string detach_on;
  bool untraced_too = false;
};

void add_follow_options(CLI::App& app, FollowOptions& options);

/// Watches the story for the moment at which `--until` wants to stop.
class StopCondition final : public timeline::Listener {
 public:
  enum class Until : std::uint8_t { Never, Started, Exited };
  explicit StopCondition(Until until) : until_(until) {}

  void on_step(const timeline::Step& step) override;
  void on_milestone(const timeline::Milestone& milestone) override;
  [[nodiscard]] bool is_met() const { return is_met_; }

 private:
  Until until_;
  std::optional<base::TaskId> container_;  ///< the process that became the container's program
  bool is_met_ = false;
};

/// What `--until` says.
struct Limit {
  StopCondition::Until until = StopCondition::Until::Never;
  std::optional<std::chrono::nanoseconds> time;
  bool command_ends = false;
};
/// @errors  when it says neither started nor exit nor a number of seconds.
[[nodiscard]] base::Result<Limit> parse_until(const std::string& text, bool has_command);

/// The pids of `-p`: each word may be a list, with commas or blanks between, as pidof(1) prints it.
/// @errors  when a word is no pid.
[[nodiscard]] base::Result<std::vector<base::HostPid>> parse_pids(
    const std::vector<std::string>& words);

/// What the engine is told; `stop`, if not null, is asked after each event and must live as long.
/// @errors  on options that contradict each other, or mean nothing without a process to attach to.
[[nodiscard]] base::Result<ptrace::Following> make_following(const FollowOptions& options,
                                                             const Limit& limit,
                                                             const StopCondition* stop);

}  // namespace boxtrace::cli
