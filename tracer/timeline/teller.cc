#include "tracer/timeline/teller.h"

#include <algorithm>

#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {

Teller::Teller(const model::Model& model, OnItem on_item, OnMilestone on_milestone)
    : model_(&model),
      on_item_(std::move(on_item)),
      on_milestone_(std::move(on_milestone)),
      rules_(make_rules()) {}

void Teller::step(const Step& step) {
  for (const std::unique_ptr<Rule>& rule : rules_) {
    rule->on_step(step, *this);
  }
}

// A phase begins with the first line that belongs to it, and the story goes forward: a runtime's
// two sides work at the same time, and jumping back and forth would tell nobody anything. What a
// runtime does to itself before there is a container (dropping a capability, binding its own
// program) does not begin a phase of the container's.
Phase Teller::place(const Telling& telling) const {
  const Phase natural = telling.phase;
  if (natural <= phase_) {
    const bool new_container = telling.milestone == "ns.new" || telling.milestone == "ns.join" ||
                               (telling.milestone == "exec" && natural == Phase::Prepare);
    return phase_ >= Phase::Start && new_container ? natural : phase_;
  }
  const bool inside = contained(telling.task);
  switch (natural) {
    case Phase::Rootfs:
      return inside ? natural : phase_;
    case Phase::LockDown: {
      const bool has_mounts = model().strip(telling.task).starts_with('M');
      return inside && (phase_ >= Phase::Rootfs || !has_mounts) ? natural : phase_;
    }
    case Phase::Prepare:
    case Phase::Spawn:
    case Phase::Isolate:
    case Phase::Network:
    case Phase::Start:
    case Phase::Run:
    case Phase::CleanUp:
      break;
  }
  return natural;
}

void Teller::enter(Phase phase, base::Nanos time) {
  if (begun_ && phase == phase_) {
    return;
  }
  begun_ = true;
  phase_ = phase;
  Item heading;
  heading.kind = Item::Kind::Heading;
  heading.phase = phase;
  heading.time = time;
  heading.text.add(phase_name(phase));
  on_item_(heading);
}

void Teller::tell(Telling telling) {
  if (!settling_) {
    settle_one(process(telling.task));
    if (begun_ && place(telling) != phase_) {
      end_chapter();
    }
  }
  enter(place(telling), telling.time);
  Item item;
  item.phase = phase_;
  item.time = telling.time;
  item.task = telling.task;
  item.who = who(telling.task);
  item.text = std::move(telling.text);
  item.remark = std::move(telling.remark);
  if (telling.strip_of) {
    item.strip = model().strip(*telling.strip_of);
  }
  item.evidence = std::move(telling.evidence);
  if (!telling.milestone.empty()) {
    item.milestone = ++milestones_;
  }
  on_item_(item);
  if (item.milestone != 0) {
    Milestone milestone;
    milestone.number = item.milestone;
    milestone.id = std::move(telling.milestone);
    milestone.phase = phase_;
    milestone.task = telling.task;
    milestone.role = role(telling.task);
    milestone.evidence = item.evidence;
    milestone.title = item.text.str();
    milestone.facts = std::move(telling.facts);
    on_milestone_(milestone);
  }
}

void Teller::explain(std::string_view key, std::string_view text, std::string_view man) {
  if (!explained_.emplace(key).second) {
    return;
  }
  Item note;
  note.kind = Item::Kind::Note;
  note.phase = phase_;
  note.text.add(text);
  note.man = std::string(man);
  on_item_(note);
}

// Nothing of a chapter is told in the next, but what may go on beside it.
void Teller::end_chapter() {
  for (const auto& [id, task] : model().tasks()) {
    settle_one(id, [process = id](const Rule& rule) { return !rule.spans_chapters(process); });
  }
}

void Teller::settle_one(base::TaskId process, const std::function<bool(const Rule&)>& concerns) {
  std::vector<std::pair<base::Seq, Rule*>> open;
  for (const std::unique_ptr<Rule>& rule : rules_) {
    const std::optional<base::Seq> since = rule->open_since(process);
    if (since && concerns(*rule)) {
      open.emplace_back(*since, rule.get());
    }
  }
  std::stable_sort(open.begin(), open.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const bool outer = settling_;
  settling_ = true;
  for (const auto& [since, rule] : open) {
    rule->flush(process, *this);
  }
  settling_ = outer;
}

void Teller::settle(std::optional<base::TaskId> process) {
  if (process) {
    settle_one(*process);
    return;
  }
  for (const auto& [id, task] : model().tasks()) {
    settle_one(id);
  }
}

void Teller::hand_over(base::TaskId task) { handed_over_ = task; }

std::optional<base::TaskId> Teller::take_hand_over() {
  return std::exchange(handed_over_, std::nullopt);
}

void Teller::summarise(RichText text) {
  Item item;
  item.kind = Item::Kind::Summary;
  item.phase = phase_;
  item.text = std::move(text);
  on_item_(item);
}

}  // namespace boxtrace::timeline
