#pragma once
// A rule watches for one kind of turning point and says it in the words of a person. Rules do not
// know each other; a rule that folds many events into one line holds its run back until the process
// does something else, and the story asks for it.

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "decoders/call_set.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::timeline {

/// What a rule has to say.
struct Telling {
  Phase phase = Phase::Prepare;
  base::TaskId task;
  base::Nanos time;
  RichText text;
  RichText remark;
  std::optional<base::TaskId> strip_of;  ///< show that task's namespaces
  std::string milestone;                 ///< its id, or empty for an ordinary line
  std::vector<std::pair<std::string, std::string>> facts;  ///< of the milestone
  std::vector<base::Seq> evidence;
};

/// What rules may do: tell, and ask the model.
class Story {
 public:
  Story() = default;
  Story(const Story&) = delete;
  Story& operator=(const Story&) = delete;
  Story(Story&&) = delete;
  Story& operator=(Story&&) = delete;
  virtual ~Story() = default;

  /// Says a line, after what other rules hold back for the same process.
  virtual void tell(Telling telling) = 0;
  /// Says why, once per `key` in a story, at most two sentences.
  virtual void explain(std::string_view key, std::string_view text, std::string_view man) = 0;
  /// Makes every rule say what it holds back for `process`, or for all.
  virtual void settle(std::optional<base::TaskId> process) = 0;
  [[nodiscard]] virtual const model::Model& model() const = 0;
  [[nodiscard]] virtual Phase phase() const = 0;
  /// A container's creation ended with this exec; `final_exec` of Analysis may become its state.
  virtual void hand_over(base::TaskId task) = 0;

  /// `17458`; stable `T4`.
  [[nodiscard]] RichText pid(base::TaskId task) const;
  /// `17458 (1)`: with the number inside, if it differs.
  [[nodiscard]] RichText pids(base::TaskId task) const;
  /// `runc:[2:INIT] 17458 (1)`.
  [[nodiscard]] RichText who(base::TaskId task) const;
  [[nodiscard]] std::string role(base::TaskId task) const;
  /// The leader of the task's thread group.
  [[nodiscard]] base::TaskId process(base::TaskId task) const;
  [[nodiscard]] model::RoleKind role_kind(base::TaskId task) const;
  /// It is in some namespace that is not the host's.
  [[nodiscard]] bool contained(base::TaskId task) const;
  /// It is a runtime, a stage of one, a monitor, an engine or a sandbox tool.
  [[nodiscard]] bool makes_containers(base::TaskId task) const;
};

class Rule {
 public:
  Rule() = default;
  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;
  Rule(Rule&&) = delete;
  Rule& operator=(Rule&&) = delete;
  virtual ~Rule() = default;

  virtual void on_step(const Step& step, Story& story) = 0;
  /// The calls that it looks at, besides those that change the model's state. A rule sees no
  /// others, see story_calls.h.
  [[nodiscard]] virtual std::span<const decoders::CallChoice> watches() const { return {}; }
  /// Where the run that is held back for `process` began; nothing when there is none.
  [[nodiscard]] virtual std::optional<base::Seq> open_since(base::TaskId /*process*/) const {
    return std::nullopt;
  }
  /// What the run of `process` is about goes on while others are in the next chapter already: it is
  /// held back until its own process does something else.
  [[nodiscard]] virtual bool spans_chapters(base::TaskId /*process*/) const { return false; }
  /// Tells the run that is held back for `process`.
  virtual void flush(base::TaskId /*process*/, Story& /*story*/) {}
};

/// A value per process that is held back: the usual state of a folding rule.
template <typename Run>
class Runs {
 public:
  /// The open run of `process`, begun now if there is none.
  Run& open(base::TaskId process, const Step& step) {
    Entry& entry = runs_[process];
    if (!entry.open) {
      entry = {true, step.event.seq, step_begin(step), step.event.task, {}, {}};
    }
    entry.evidence.push_back(step.event.seq);
    return entry.run;
  }
  struct Entry {
    bool open = false;
    base::Seq since;
    base::Nanos time;
    base::TaskId task;
    Run run{};
    std::vector<base::Seq> evidence;
  };
  [[nodiscard]] std::optional<base::Seq> since(base::TaskId process) const {
    const auto found = runs_.find(process);
    return found == runs_.end() ? std::nullopt : std::optional(found->second.since);
  }
  [[nodiscard]] bool has(base::TaskId process) const { return runs_.contains(process); }
  /// A process with such a run.
  template <typename Predicate>
  [[nodiscard]] std::optional<base::TaskId> find(Predicate is_it) const {
    const auto found = std::find_if(runs_.begin(), runs_.end(), [&is_it](const auto& place) {
      return is_it(place.second.run);
    });
    return found == runs_.end() ? std::nullopt : std::optional(found->first);
  }
  [[nodiscard]] std::optional<Entry> take(base::TaskId process) {
    const auto found = runs_.find(process);
    if (found == runs_.end()) {
      return std::nullopt;
    }
    Entry entry = std::move(found->second);
    runs_.erase(found);
    return entry;
  }
  /// The open run; only after `has`.
  [[nodiscard]] const Run& peek(base::TaskId process) const { return runs_.at(process).run; }
  void drop(base::TaskId process) { runs_.erase(process); }

 private:
  static base::Nanos step_begin(const Step& step) {
    return step.syscall != nullptr ? step.syscall->entered : step.event.time;
  }
  std::map<base::TaskId, Entry> runs_;
};

/// When the step began: the entry of its call.
[[nodiscard]] base::Nanos begin_of(const Step& step);
/// A telling about this step by its task.
[[nodiscard]] Telling telling_of(const Step& step, Phase phase);
/// `path` as the story shows it: inside the container if it has a name there.
[[nodiscard]] RichText render_path(const model::Path& path);
/// `6 mounts`, `1 mount`.
[[nodiscard]] std::string count_of(std::size_t count, std::string_view noun,
                                   std::string_view plural = {});
/// The names of capabilities without `CAP_`, in order of their numbers.
[[nodiscard]] std::vector<std::string> cap_names(std::uint64_t set);
/// The facts of kind `F` in the step.
template <typename F, typename Visit>
void each_fact(const Step& step, Visit visit) {
  for (const model::Fact& fact : step.facts) {
    if (const F* wanted = std::get_if<F>(&fact)) {
      visit(*wanted);
    }
  }
}

}  // namespace boxtrace::timeline
