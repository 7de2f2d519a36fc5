// Honesty: where the model and the kernel differ, and where we could not look.

#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

class OracleRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    each_fact<model::ModelDisagrees>(step, [&](const model::ModelDisagrees& mismatch) {
      Telling line = telling_of(step, story.phase());
      line.text.add(Piece::Kind::Bad, "the model disagrees with the kernel");
      line.remark.add(mismatch.subject + ": expected " + mismatch.predicted + ", found ");
      line.remark.add(Piece::Kind::Plain, mismatch.observed, "?");
      story.tell(std::move(line));
    });
    if (const auto* gap = std::get_if<raw::Gap>(&step.event.body)) {
      Telling line = telling_of(step, story.phase());
      line.text.add(Piece::Kind::Bad, "not seen: ").add(base::printable(gap->reason));
      story.tell(std::move(line));
    }
  }
};

}  // namespace

std::unique_ptr<Rule> make_oracle_rule() { return std::make_unique<OracleRule>(); }

}  // namespace boxtrace::timeline
