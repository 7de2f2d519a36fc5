// Limits and belongings of a process that are neither namespace nor privilege: rlimits, OOM score,
// session keyring, who inherits orphans, sysctls.

#include <algorithm>

#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

struct Limits {
  std::vector<std::string> texts;
};

std::string amount(std::uint64_t value) {
  return value == ~0ULL ? "unlimited" : std::to_string(value);
}

class ResourcesRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    if (!story.makes_containers(step.event.task)) {
      return;
    }
    const base::TaskId process = story.process(step.event.task);
    each_fact<model::RlimitSet>(step, [&](const model::RlimitSet& set) {
      std::string text =
          set.name.substr(std::string_view("RLIMIT_").size()) + " " + amount(set.soft);
      if (set.soft != set.hard) {
        text += ":" + amount(set.hard);
      }
      runs_.open(process, step).texts.push_back(std::move(text));
    });
    each_fact<model::OomScoreSet>(step, [&](const model::OomScoreSet& set) {
      runs_.open(process, step).texts.push_back("oom_score_adj " + base::printable(set.value));
    });
    each_fact<model::SysctlWritten>(step, [&](const model::SysctlWritten& set) {
      runs_.open(process, step)
          .texts.push_back("sysctl " + base::printable(set.key) + "=" + base::printable(set.value));
    });
    each_fact<model::KeyringJoined>(step, [&](const model::KeyringJoined&) {
      Telling line =
          telling_of(step, story.contained(step.event.task) ? Phase::Rootfs : Phase::Prepare);
      line.text.add("new session keyring");
      line.remark.add("keys are in no namespace of their own");
      line.milestone = "keyring";
      story.tell(std::move(line));
    });
    each_fact<model::SubreaperSet>(step, [&](const model::SubreaperSet&) {
      Telling line = telling_of(step, Phase::Prepare);
      line.text.add("becomes subreaper");
      line.remark.add("orphans become its children");
      story.tell(std::move(line));
    });
  }

  std::optional<base::Seq> open_since(base::TaskId process) const override {
    return runs_.since(process);
  }

  void flush(base::TaskId process, Story& story) override {
    std::optional<Runs<Limits>::Entry> entry = runs_.take(process);
    if (!entry) {
      return;
    }
    Telling line;
    line.phase = story.contained(process) ? Phase::LockDown : Phase::Prepare;
    line.task = entry->task;
    line.time = entry->time;
    line.text.add("sets " + base::join(entry->run.texts, ", "));
    line.milestone = "limits";
    std::sort(entry->run.texts.begin(), entry->run.texts.end());
    line.facts = {{"limits", base::join(entry->run.texts, ", ")}};
    line.evidence = std::move(entry->evidence);
    story.tell(std::move(line));
  }

 private:
  Runs<Limits> runs_;
};

}  // namespace

std::unique_ptr<Rule> make_resources_rule() { return std::make_unique<ResourcesRule>(); }

}  // namespace boxtrace::timeline
