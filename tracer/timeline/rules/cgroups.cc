// Control groups: made, joined, limited and removed, one line for all hierarchies.

#include <algorithm>

#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

struct Grouping {
  std::size_t made = 0;
  std::vector<std::string> joined;  // controllers
  std::vector<std::string> groups;
  std::optional<base::TaskId> who;
  std::vector<std::string> limits;
  std::size_t device_rules = 0;
};

void add_once(std::vector<std::string>& list, const std::string& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) {
    list.push_back(item);
  }
}

std::string sorted(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  return base::join(list, " ");
}

class CgroupsRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    const base::TaskId process = story.process(step.event.task);
    each_fact<model::CgroupMade>(step, [&](const model::CgroupMade& made) {
      Grouping& run = runs_.open(process, step);
      ++run.made;
      add_once(run.groups, made.group);
    });
    each_fact<model::CgroupJoined>(step, [&](const model::CgroupJoined& joined) {
      const auto maker = runs_.find([&](const Grouping& run) {
        return run.made > 0 && std::ranges::count(run.groups, joined.group) != 0;
      });
      if (maker && *maker != process) {
        flush(*maker, story);  // it was made before it was joined
      }
      Grouping& run = runs_.open(process, step);
      add_once(run.joined, joined.controller);
      add_once(run.groups, joined.group);
      run.who = joined.who ? joined.who : run.who;
    });
    each_fact<model::CgroupLimitSet>(step, [&](const model::CgroupLimitSet& limit) {
      note_limit(runs_.open(process, step), limit);
    });
    each_fact<model::CgroupRemoved>(
        step, [&](const model::CgroupRemoved&) { ++removals_.open(process, step); });
  }

  std::optional<base::Seq> open_since(base::TaskId process) const override {
    const std::optional<base::Seq> made = runs_.since(process);
    const std::optional<base::Seq> gone = removals_.since(process);
    return !made ? gone : !gone ? made : std::min(made, gone);
  }

  // A runtime may make them while the container's first process mounts already.
  bool spans_chapters(base::TaskId process) const override {
    return runs_.has(process) && runs_.peek(process).joined.empty();
  }

  void flush(base::TaskId process, Story& story) override {
    if (std::optional<Runs<Grouping>::Entry> entry = runs_.take(process)) {
      tell_groups(std::move(*entry), story);
    }
    if (std::optional<Runs<std::size_t>::Entry> entry = removals_.take(process)) {
      Telling line;
      line.phase = Phase::CleanUp;
      line.task = entry->task;
      line.time = entry->time;
      line.text.add("removes " + count_of(entry->run, "cgroup"));
      line.milestone = "cgroup.remove";
      line.facts = {{"count", std::to_string(entry->run)}};
      line.evidence = std::move(entry->evidence);
      story.tell(std::move(line));
    }
  }

 private:
  static void note_limit(Grouping& run, const model::CgroupLimitSet& limit) {
    if (limit.key.starts_with("devices.")) {
      ++run.device_rules;
    } else if (limit.key != "cpuset.cpus" && limit.key != "cpuset.mems" &&
               limit.key != "freezer.state" && limit.value != "-1") {
      // A new v1 cpuset is empty and useless until both are copied from above: no limit.
      add_once(run.limits, base::printable(limit.key) + "=" + base::printable(limit.value));
    }
  }

  static void tell_groups(Runs<Grouping>::Entry entry, Story& story) {
    const Grouping& run = entry.run;
    Telling line;
    line.phase = Phase::Spawn;
    line.task = entry.task;
    line.time = entry.time;
    std::string separator;
    const auto part = [&](const RichText& text) {
      line.text.add(separator).append(text);
      separator = "; ";
    };
    if (run.made > 0) {
      part(RichText("makes " + count_of(run.made, "cgroup")));
    }
    if (!run.joined.empty()) {
      RichText text("puts ");
      if (run.who) {
        text.append(story.pid(*run.who));
      } else {
        text.add("a process");
      }
      text.add(" into ");
      text.add(base::join(run.joined, " "));
      part(text);
      line.facts.emplace_back("joined", sorted(run.joined));
    }
    if (!run.limits.empty()) {
      part(RichText("sets " + base::join(run.limits, " ")));
      line.facts.emplace_back("limits", sorted(run.limits));
    }
    if (run.device_rules > 0) {
      part(RichText(count_of(run.device_rules, "device rule")));
      line.facts.emplace_back("device rules", std::to_string(run.device_rules));
    }
    if (line.text.empty() || (run.made == 0 && run.joined.empty() && run.limits.empty())) {
      return;  // device rules alone are a matter for -v
    }
    line.milestone = run.joined.empty() ? "cgroup.set" : "cgroup.join";
    line.evidence = std::move(entry.evidence);
    const bool joined = !run.joined.empty();
    story.tell(std::move(line));
    if (joined) {
      story.explain("cgroup.join",
                    "Before the program exists: children inherit cgroups, so none escapes.",
                    "cgroups(7)");
    }
  }

  Runs<Grouping> runs_;
  Runs<std::size_t> removals_;
};

}  // namespace

std::unique_ptr<Rule> make_cgroups_rule() { return std::make_unique<CgroupsRule>(); }

}  // namespace boxtrace::timeline
