#include "tracer/diff/subject.h"

#include <utility>
#include <variant>

namespace boxtrace::diff {

void SubjectCollector::on_step(const timeline::Step& step) {
  if (std::holds_alternative<raw::End>(step.event.body)) {
    subject_.complete = true;
  }
  const auto* seen = std::get_if<raw::Observation>(&step.event.body);
  if (seen != nullptr && seen->fds && subject_.launch_fds.empty()) {
    subject_.launch_fds = *seen->fds;
  }
  for (const model::Fact& fact : step.facts) {
    if (const auto* exec = std::get_if<model::Execed>(&fact)) {
      subject_.commands.push_back(exec->argv);
    }
  }
}

void SubjectCollector::on_milestone(const timeline::Milestone& milestone) {
  subject_.milestones.push_back(milestone);
}

Subject SubjectCollector::take(const timeline::Analysis& analysis, std::string name) {
  subject_.name = std::move(name);
  subject_.header = analysis.model().header();
  subject_.final_exec = analysis.final_exec();
  for (timeline::Milestone& milestone : subject_.milestones) {
    if (const model::Task* process = analysis.model().process_of(milestone.task)) {
      milestone.task = process->id;
    }
  }
  for (const auto& [id, task] : analysis.model().tasks()) {
    if (!task.thread) {
      subject_.roles.emplace_back(task.pid, task.role.name);
    }
  }
  return std::move(subject_);
}

}  // namespace boxtrace::diff
