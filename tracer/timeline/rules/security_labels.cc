#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

class SecurityLabelsRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    each_fact<model::SecurityLabelSet>(step, [&](const model::SecurityLabelSet& set) {
      Telling line = telling_of(step, Phase::LockDown);
      line.text.add(set.apparmor ? "AppArmor profile " : "security label ")
          .add(base::printable(set.label));
      line.remark.add(set.at_exec ? "from its next execve on" : "from now on");
      line.milestone = "security-label";
      line.facts = {{"label", set.label}};
      story.tell(std::move(line));
      if (set.apparmor) {
        story.explain("apparmor",
                      "The kernel checks each file, capability and mount against the profile, "
                      "whoever the user is. The name counts only if the host has loaded it.",
                      "proc(5)");
      }
    });
  }
};

}  // namespace

std::unique_ptr<Rule> make_security_labels_rule() { return std::make_unique<SecurityLabelsRule>(); }

}  // namespace boxtrace::timeline
