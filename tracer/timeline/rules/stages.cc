// Runtimes name their stages with PR_SET_NAME, so that ps shows who is who; we take them at their
// word.

#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

class StagesRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    each_fact<model::CommChanged>(step, [&](const model::CommChanged& change) {
      const model::Task* process = story.model().process_of(step.event.task);
      if (process == nullptr || process->role.kind != model::RoleKind::Stage ||
          process->role.name != change.after) {
        return;
      }
      Telling line = telling_of(step, Phase::Spawn);
      line.text.add(process->role.purpose.empty() ? "a stage of the runtime"
                                                  : process->role.purpose);
      line.milestone = "stage";
      line.facts = {{"name", change.after}};
      if (story.contained(step.event.task)) {
        line.strip_of = step.event.task;
      }
      story.tell(std::move(line));
      if (change.after.starts_with("runc:[1")) {
        story.explain("runc.stages",
                      "One stays outside to map ids, one makes namespaces, one is born inside.",
                      "user_namespaces(7)");
      }
    });
  }
};

}  // namespace

std::unique_ptr<Rule> make_stages_rule() { return std::make_unique<StagesRule>(); }

}  // namespace boxtrace::timeline
