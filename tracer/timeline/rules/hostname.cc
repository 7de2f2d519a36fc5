#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

class HostnameRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    each_fact<model::HostnameSet>(step, [&](const model::HostnameSet& set) {
      Telling line = telling_of(step, Phase::LockDown);
      line.text.add(set.domain ? "domain name " : "hostname ").add(base::printable(set.name));
      const model::Task* task = story.model().task(step.event.task);
      if (task != nullptr && story.model().namespaces().is_host(task->ns.of(raw::NsKind::Uts))) {
        line.remark.add(Piece::Kind::Bad, "of the host: there is no new uts namespace");
      }
      line.milestone = "hostname";
      line.facts = {{"name", set.name}};
      story.tell(std::move(line));
    });
  }
};

}  // namespace

std::unique_ptr<Rule> make_hostname_rule() { return std::make_unique<HostnameRule>(); }

}  // namespace boxtrace::timeline
