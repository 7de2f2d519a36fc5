// User, group and supplementary groups.

#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

struct Ids {
  std::optional<std::uint32_t> uid, gid;
  std::optional<std::vector<std::uint32_t>> groups;
};

class IdsRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    const base::TaskId process = story.process(step.event.task);
    const model::Task* task = story.model().task(step.event.task);
    if (task != nullptr && task->thread) {
      return;  // each thread has its own ids and makes the same calls
    }
    each_fact<model::IdsChanged>(step, [&](const model::IdsChanged& change) {
      Ids& run = runs_.open(process, step);
      if (change.uid_before != change.uid_after) {
        run.uid = change.uid_after[1];
      }
      if (change.gid_before != change.gid_after) {
        run.gid = change.gid_after[1];
      }
    });
    each_fact<model::GroupsSet>(
        step, [&](const model::GroupsSet& set) { runs_.open(process, step).groups = set.groups; });
  }

  std::optional<base::Seq> open_since(base::TaskId process) const override {
    return runs_.since(process);
  }

  void flush(base::TaskId process, Story& story) override {
    std::optional<Runs<Ids>::Entry> entry = runs_.take(process);
    if (!entry) {
      return;
    }
    Telling line;
    line.phase = Phase::LockDown;
    line.task = entry->task;
    line.time = entry->time;
    const Ids& run = entry->run;
    std::vector<std::string> parts;
    if (run.uid) {
      parts.push_back("uid " + std::to_string(*run.uid));
      line.facts.emplace_back("uid", std::to_string(*run.uid));
    }
    if (run.gid) {
      parts.push_back("gid " + std::to_string(*run.gid));
      line.facts.emplace_back("gid", std::to_string(*run.gid));
    }
    if (run.groups) {
      std::vector<std::string> numbers;
      for (const std::uint32_t group : *run.groups) {
        numbers.push_back(std::to_string(group));
      }
      parts.push_back(numbers.empty() ? "no further groups" : "groups " + base::join(numbers, " "));
      line.facts.emplace_back("groups", base::join(numbers, " "));
    }
    line.text.add("becomes " + base::join(parts, ", "));
    line.milestone = "ids";
    line.evidence = std::move(entry->evidence);
    story.tell(std::move(line));
  }

 private:
  Runs<Ids> runs_;
};

}  // namespace

std::unique_ptr<Rule> make_ids_rule() { return std::make_unique<IdsRule>(); }

}  // namespace boxtrace::timeline
