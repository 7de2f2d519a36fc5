// Capabilities: what is left after a dozen calls matters, not the calls. And no_new_privs.

#include <bit>

#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

struct Dropping {
  model::CapSets before, after;
};

std::string names_or_count(std::uint64_t set) {
  constexpr int kFew = 15;
  const std::vector<std::string> names = cap_names(set);
  if (names.empty()) {
    return "none";
  }
  if (std::popcount(set) <= kFew) {
    return base::join(names, " ");
  }
  return count_of(names.size(), "capability", "capabilities");
}

class CapabilitiesRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    const base::TaskId process = story.process(step.event.task);
    each_fact<model::CapsChanged>(step, [&](const model::CapsChanged& change) {
      const bool fresh = !runs_.has(process);
      Dropping& run = runs_.open(process, step);
      if (fresh) {
        run.before = change.before;
      }
      run.after = change.after;
    });
    each_fact<model::NoNewPrivsSet>(step, [&](const model::NoNewPrivsSet&) {
      Telling line = telling_of(step, Phase::LockDown);
      line.text.add(Piece::Kind::Good, "no_new_privs");
      line.remark.add("no execve will grant more, ever");
      line.milestone = "nnp";
      story.tell(std::move(line));
    });
    each_fact<model::SecurebitsSet>(step, [&](const model::SecurebitsSet& set) {
      Telling line = telling_of(step, Phase::LockDown);
      line.text.add("securebits " + base::to_hex(set.bits));
      line.milestone = "securebits";
      line.facts = {{"bits", base::to_hex(set.bits)}};
      story.tell(std::move(line));
    });
  }

  std::optional<base::Seq> open_since(base::TaskId process) const override {
    return runs_.since(process);
  }

  void flush(base::TaskId process, Story& story) override {
    std::optional<Runs<Dropping>::Entry> entry = runs_.take(process);
    if (!entry || entry->run.before == entry->run.after) {
      return;
    }
    const Dropping& run = entry->run;
    const std::uint64_t dropped = run.before.bounding & ~run.after.bounding;
    Telling line;
    line.phase = Phase::LockDown;
    line.task = entry->task;
    line.time = entry->time;
    describe(run, dropped, line.text);
    if (run.after.ambient != run.before.ambient && run.after.ambient != 0) {
      line.text.add(", ambient: " + names_or_count(run.after.ambient));
    }
    line.milestone = "caps";
    line.facts = {{"permitted", base::to_hex(run.after.permitted)},
                  {"effective", base::to_hex(run.after.effective)},
                  {"bounding", base::to_hex(run.after.bounding)},
                  {"ambient", base::to_hex(run.after.ambient)}};
    line.evidence = std::move(entry->evidence);
    story.tell(std::move(line));
  }

  static void describe(const Dropping& run, std::uint64_t dropped, RichText& text) {
    const std::uint64_t held = run.after.permitted;
    if (dropped != 0 && held == run.before.permitted) {
      text.add("drops " + names_or_count(dropped) + " from the bounding set");
      return;
    }
    text.add("caps: keeps ");
    text.add(Piece::Kind::Good, names_or_count(held));
    if (dropped != 0) {
      text.add(", drops " + std::to_string(std::popcount(dropped)));
    }
  }

 private:
  Runs<Dropping> runs_;
};

}  // namespace

std::unique_ptr<Rule> make_capabilities_rule() { return std::make_unique<CapabilitiesRule>(); }

}  // namespace boxtrace::timeline
