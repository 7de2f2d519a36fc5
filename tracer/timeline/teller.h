#pragma once
// Where the rules' tellings become the story: phases, milestone numbers, and the order of what was
// held back.

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tracer/timeline/rule.h"

namespace boxtrace::timeline {

class Teller final : public Story {
 public:
  using OnItem = std::function<void(const Item&)>;
  using OnMilestone = std::function<void(const Milestone&)>;

  Teller(const model::Model& model, OnItem on_item, OnMilestone on_milestone);

  /// Lets every rule see the step.
  void step(const Step& step);

  void tell(Telling telling) override;
  void explain(std::string_view key, std::string_view text, std::string_view man) override;
  void settle(std::optional<base::TaskId> process) override;
  [[nodiscard]] const model::Model& model() const override { return *model_; }
  [[nodiscard]] Phase phase() const override { return phase_; }
  void hand_over(base::TaskId task) override;

  /// The task whose exec was handed over since the last call.
  [[nodiscard]] std::optional<base::TaskId> take_hand_over();
  /// A line below the story.
  void summarise(RichText text);

 private:
  void end_chapter();
  /// Tells what is held back for a process by the rules that `concerns` names.
  void settle_one(
      base::TaskId process,
      const std::function<bool(const Rule&)>& concerns = [](const Rule& /*rule*/) { return true; });
  [[nodiscard]] Phase place(const Telling& telling) const;
  void enter(Phase phase, base::Nanos time);

  const model::Model* model_;
  OnItem on_item_;
  OnMilestone on_milestone_;
  std::vector<std::unique_ptr<Rule>> rules_;
  Phase phase_ = Phase::Prepare;
  bool begun_ = false;
  bool settling_ = false;
  int milestones_ = 0;
  std::set<std::string, std::less<>> explained_;
  std::optional<base::TaskId> handed_over_;
};

}  // namespace boxtrace::timeline
