#pragma once
// Where a trace uses what is being explained.

#include <string>
#include <vector>

#include "tracer/teach/topic.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::teach {

/// One use: `#39`, its time, who, and the call.
struct Use {
  base::Seq seq;
  base::Nanos time;
  std::string who;   ///< `runc:[1:CHILD] 17457`
  std::string text;  ///< `unshare(CLONE_NEWPID) = 0`
};

/// Collects the uses of any of some topics from an analysis.
class UseFinder final : public timeline::Listener {
 public:
  explicit UseFinder(const std::vector<Topic>& topics);
  void on_step(const timeline::Step& step) override;

  /// In the order of the trace.
  [[nodiscard]] const std::vector<Use>& uses() const { return uses_; }

 private:
  [[nodiscard]] bool is_wanted(std::string_view word) const;
  [[nodiscard]] bool uses_wanted(const decoders::Value& value) const;
  [[nodiscard]] std::string text_of(const timeline::Step& step) const;

  std::vector<std::string> words_;
  std::vector<Use> uses_;
};

}  // namespace boxtrace::teach
