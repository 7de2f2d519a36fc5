// The change of the root directory: pivot_root with the umount that makes it final, chroot,
// MS_MOVE.

#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

class RootRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    const base::TaskId process = story.process(step.event.task);
    each_fact<model::RootChanged>(step, [&](const model::RootChanged& change) {
      if (change.by == model::RootChanged::By::PivotRoot) {
        story.settle(process);
        pivots_.open(process, step).change = change;
      } else {
        tell_other(step, change, story);
      }
    });
    each_fact<model::OldRootDetached>(step, [&](const model::OldRootDetached& detached) {
      if (pivots_.has(process)) {
        pivots_.open(process, step).detached = true;
        flush(process, story);
        return;
      }
      Telling line = telling_of(step, Phase::LockDown);
      line.text.add("old root unmounted");
      line.remark.add(detached.lazy ? "lazily" : "");
      line.milestone = "root.detach";
      story.tell(std::move(line));
    });
  }

  std::optional<base::Seq> open_since(base::TaskId process) const override {
    return pivots_.since(process);
  }

  void flush(base::TaskId process, Story& story) override {
    std::optional<Runs<Pivot>::Entry> entry = pivots_.take(process);
    if (!entry) {
      return;
    }
    const model::RootChanged& change = entry->run.change;
    Telling line;
    line.phase = entry->run.detached || change.same_place ? Phase::LockDown : Phase::Rootfs;
    line.task = entry->task;
    line.time = entry->time;
    line.text.add(Piece::Kind::Call, "pivot_root");
    line.text.add("(" + base::quote(change.new_root.given) + ", " +
                  base::quote(change.put_old.given) + ")");
    if (entry->run.detached) {
      line.text.add(" + umount old root");
    }
    if (!change.same_place) {
      line.remark.add("/ is ").add(Piece::Kind::Path, base::printable(change.new_root.outside));
    }
    line.milestone = "root.pivot";
    line.facts = {{"idiom", change.same_place ? "same place" : "put_old"},
                  {"detached", entry->run.detached ? "yes" : "no"}};
    line.evidence = std::move(entry->evidence);
    story.tell(std::move(line));
    if (entry->run.detached) {
      story.explain(
          "pivot", "Unlike chroot, no way back: the host's tree is not in this namespace any more.",
          "pivot_root(2)");
    }
  }

 private:
  struct Pivot {
    model::RootChanged change;
    bool detached = false;
  };

  static void tell_other(const Step& step, const model::RootChanged& change, Story& story) {
    Telling line = telling_of(step, Phase::LockDown);
    const bool chroot = change.by == model::RootChanged::By::Chroot;
    line.text.add(Piece::Kind::Call, chroot ? "chroot " : "mount MS_MOVE ");
    line.text.add(Piece::Kind::Path, base::printable(change.new_root.outside));
    line.text.add(chroot ? "" : " onto /");
    line.milestone = chroot ? "root.chroot" : "root.move";
    story.tell(std::move(line));
    if (chroot) {
      story.explain("chroot",
                    "Only this process's paths change: with CAP_SYS_CHROOT it gets out again.",
                    "chroot(2)");
    }
  }

  Runs<Pivot> pivots_;
};

}  // namespace

std::unique_ptr<Rule> make_root_rule() { return std::make_unique<RootRule>(); }

}  // namespace boxtrace::timeline
