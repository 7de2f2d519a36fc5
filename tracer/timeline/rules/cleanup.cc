// What is made for a container outside of it and goes with it: the runtime's state directory,
// mounts on the host.

#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

bool is_state_directory(const model::Path& path) {
  return path.outside.starts_with("/run/") && path.inside.empty();
}

class CleanupRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    if (story.role_kind(step.event.task) != model::RoleKind::Runtime) {
      return;
    }
    each_fact<model::DirectoryMade>(step, [&](const model::DirectoryMade& made) {
      if (!is_state_directory(made.path)) {
        return;
      }
      Telling line = telling_of(step, Phase::Prepare);
      line.text.add("makes state directory ").append(render_path(made.path));
      line.milestone = "state.make";
      story.tell(std::move(line));
    });
    each_fact<model::DirectoryRemoved>(step, [&](const model::DirectoryRemoved& removed) {
      if (!is_state_directory(removed.path)) {
        return;
      }
      Telling line = telling_of(step, Phase::CleanUp);
      line.text.add("removes state directory ").append(render_path(removed.path));
      line.milestone = "state.remove";
      story.tell(std::move(line));
    });
    each_fact<model::Unmounted>(step, [&](const model::Unmounted& unmounted) {
      if (story.phase() < Phase::Run) {
        return;  // its own program's copy, before the container
      }
      Telling line = telling_of(step, Phase::CleanUp);
      line.text.add("unmounts ").append(render_path(unmounted.target));
      line.milestone = "unmount";
      story.tell(std::move(line));
    });
  }
};

}  // namespace

std::unique_ptr<Rule> make_cleanup_rule() { return std::make_unique<CleanupRule>(); }

}  // namespace boxtrace::timeline
