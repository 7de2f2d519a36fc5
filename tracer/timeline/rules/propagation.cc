// Mount propagation: systemd makes every mount shared, so without this step a mount inside would
// appear outside as well.

#include <set>

#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

class PropagationRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    each_fact<model::PropagationChanged>(step, [&](const model::PropagationChanged& change) {
      const std::string& inside = change.target.inside;
      const bool root = change.target.given == "/";
      const bool part_of_a_step = change.target.given == "." ||  // the old root, before its umount
                                  inside.starts_with("/proc") || inside.starts_with("/sys") ||
                                  (!root && change.target.outside == "/");
      const bool of_rootfs = !inside.empty() || story.phase() >= Phase::LockDown;
      if (part_of_a_step || (of_rootfs && change.to != "shared") ||
          told_.contains(step.event.task)) {
        return;
      }
      const base::TaskId process = story.process(step.event.task);
      if (runs_.has(process) && (root || runs_.peek(process).to != change.to)) {
        flush(process, story);
      }
      if (root) {
        tell_root(step, change, story);
      } else {
        Changing& run = runs_.open(process, step);
        run.to = change.to;
        run.recursive = run.recursive || change.recursive;
        run.places.push_back(base::printable(change.target.best()));
        run.inside = inside;
      }
    });
  }

  std::optional<base::Seq> open_since(base::TaskId process) const override {
    return runs_.since(process);
  }

  void flush(base::TaskId process, Story& story) override {
    std::optional<Runs<Changing>::Entry> entry = runs_.take(process);
    if (!entry) {
      return;
    }
    const Changing& run = entry->run;
    Telling line;
    line.phase = Phase::Rootfs;
    line.task = entry->task;
    line.time = entry->time;
    line.evidence = std::move(entry->evidence);
    if (run.places.size() > 1) {
      line.text.add(count_of(run.places.size(), "mount") + " made ");
      line.text.add(Piece::Kind::Good, run.to).add(": ");
      line.text.add(Piece::Kind::Path, base::join(run.places, " "));
    } else {
      line.text.add(Piece::Kind::Path, run.places.front());
      line.text.add(run.recursive ? " and all below made " : " made ");
      line.text.add(Piece::Kind::Good, run.to);
    }
    line.milestone = "mount.propagation";
    line.facts = {{"target", run.inside}, {"to", (run.recursive ? "r" : "") + run.to}};
    story.tell(std::move(line));
  }

 private:
  /// Runtimes that ask mountinfo which mounts are shared change each.
  struct Changing {
    std::string to;
    bool recursive = false;
    std::vector<std::string> places;
    std::string inside;
  };

  void tell_root(const Step& step, const model::PropagationChanged& change, Story& story) {
    Telling line = telling_of(step, Phase::Rootfs);
    line.text.add(Piece::Kind::Path, "/");
    line.text.add(change.recursive ? " and all below made " : " made ");
    line.text.add(Piece::Kind::Good, change.to);
    if (change.recursive) {  // else the other mounts leak as before
      line.remark.add(change.to == "slave"     ? "no mount leaks to the host"
                      : change.to == "private" ? "no mount leaks in or out"
                                               : "");
      told_.insert(step.event.task);
    }
    line.milestone = "mount.propagation";
    line.facts = {{"target", "/"}, {"to", (change.recursive ? "r" : "") + change.to}};
    story.tell(std::move(line));
    if (change.to != "shared") {
      story.explain("propagation",
                    "Copied mounts are peers of the originals: changes would reach the host.",
                    "mount_namespaces(7)");
    }
  }

  Runs<Changing> runs_;
  std::set<base::TaskId> told_;  // later changes belong to the steps that need them
};

}  // namespace

std::unique_ptr<Rule> make_propagation_rule() { return std::make_unique<PropagationRule>(); }

}  // namespace boxtrace::timeline
