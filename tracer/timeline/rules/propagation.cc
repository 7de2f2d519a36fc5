// Mount propagation: systemd makes every mount shared, so without this step a mount inside would
// appear outside as well.

#include <set>

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
      Telling line = telling_of(step, Phase::Rootfs);
      line.text.add(Piece::Kind::Path, root ? "/" : change.target.best());
      line.text.add(change.recursive ? " and all below made " : " made ");
      line.text.add(Piece::Kind::Good, change.to);
      const bool one_way = change.to == "slave";
      line.remark.add(one_way                  ? "no mount leaks to the host"
                      : change.to == "private" ? "no mount leaks in or out"
                                               : "");
      if (root && change.recursive) {
        told_.insert(step.event.task);
      }
      line.milestone = "mount.propagation";
      line.facts = {{"target", root ? "/" : inside},
                    {"to", (change.recursive ? "r" : "") + change.to}};
      story.tell(std::move(line));
      if (root && change.to != "shared") {
        story.explain("propagation",
                      "Copied mounts are peers of the originals: changes would reach the host.",
                      "mount_namespaces(7)");
      }
    });
  }

 private:
  std::set<base::TaskId> told_;  // later changes belong to the steps that need them
};

}  // namespace

std::unique_ptr<Rule> make_propagation_rule() { return std::make_unique<PropagationRule>(); }

}  // namespace boxtrace::timeline
