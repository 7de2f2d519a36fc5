#pragma once
// One side of a comparison.

#include <optional>
#include <string>
#include <vector>

#include "tracer/model/exec_state.h"
#include "tracer/raw/event.h"
#include "tracer/timeline/analysis.h"
#include "tracer/timeline/milestone.h"

namespace boxtrace::diff {

/// What a trace comes to, and where its values were born: the same value has another spelling in
/// every run, and knowing its origin is what makes two runs comparable.
struct Subject {
  std::string name;  ///< of the file
  bool complete = false;
  raw::Header header;
  std::vector<timeline::Milestone> milestones;  ///< their task is the leader of the process
  std::optional<model::ExecState> final_exec;
  std::vector<raw::FdTarget> launch_fds;  ///< what the first program was given; the caller's choice
  std::vector<std::vector<std::string>> commands;            ///< argv of every execve, in order
  std::vector<std::pair<base::HostPid, std::string>> roles;  ///< of every process
};

/// Collects a Subject from an analysis. Add it as a listener before events are fed.
class SubjectCollector final : public timeline::Listener {
 public:
  void on_step(const timeline::Step& step) override;
  void on_milestone(const timeline::Milestone& milestone) override;

  /// The subject, once `analysis` is finished.
  [[nodiscard]] Subject take(const timeline::Analysis& analysis, std::string name);

 private:
  Subject subject_;
};

}  // namespace boxtrace::diff
