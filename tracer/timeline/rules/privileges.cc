// A set-user-ID program, or one with file capabilities, that started without them: why, and what to
// do where it was us.

#include "tracer/base/text.h"
#include "tracer/timeline/privilege_text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

class PrivilegesRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    each_fact<model::PrivilegeWithheld>(step, [&](const model::PrivilegeWithheld& withheld) {
      Telling line = telling_of(step, story.phase());
      line.text.add(Piece::Kind::Path, base::printable(withheld.exe));
      line.text.add(" starts ").add(Piece::Kind::Bad, "without its privilege");
      line.text.add(": " + render_privilege(withheld));
      line.remark.add(render_reason(withheld.why));
      story.tell(std::move(line));
      if (withheld.why == model::PrivilegeWithheld::Why::Tracer) {
        story.explain(
            "privilege.tracer",
            "Whoever traces a program controls it, so it is granted nothing that its tracer "
            "may not have. Trace as root: boxtrace setpriv --reuid=USER --regid=GROUP "
            "--init-groups COMMAND.",
            "ptrace(2)");
      }
    });
  }
};

}  // namespace

std::unique_ptr<Rule> make_privileges_rule() { return std::make_unique<PrivilegesRule>(); }

}  // namespace boxtrace::timeline
