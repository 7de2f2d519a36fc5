// Honesty: where the model and the kernel differ, and where we could not look.
//
// A process that is not dumpable (it called PR_SET_DUMPABLE 0, or it came through an execve of a
// program that it may not read) is closed to a tracer without CAP_SYS_PTRACE in its user namespace:
// registers can be read, memory cannot. Runtimes close themselves on purpose. Sources: ptrace(2)
// "PTRACE_MODE_*", prctl(2) PR_SET_DUMPABLE, kernel/ptrace.c: ptrace_access_vm().

#include <map>
#include <set>
#include <string>

#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

std::string_view reason_of(raw::Unreadable why) {
  switch (why) {
    case raw::Unreadable::NotDumpable:
      return "the process is not dumpable";
    case raw::Unreadable::NotCaptured:
      return "the trace does not hold them";
    case raw::Unreadable::Gone:
      return "it was killed meanwhile";
    case raw::Unreadable::Fault:
      break;
  }
  return "nothing is mapped there";
}

// Calls that took effect while what they were given stayed closed to us.
struct Unread {
  std::map<std::string_view, std::size_t> calls;
  std::size_t count = 0;
  raw::Unreadable why{};
};

class OracleRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    each_fact<model::EffectUnread>(step, [&](const model::EffectUnread& unread) {
      Unread& run = runs_.open(story.process(step.event.task), step);
      ++run.calls[unread.call];
      ++run.count;
      run.why = unread.why;
    });
    each_fact<model::ModelDisagrees>(step, [&](const model::ModelDisagrees& mismatch) {
      Telling line = telling_of(step, story.phase());
      line.text.add(Piece::Kind::Bad, "the model disagrees with the kernel");
      line.remark.add(mismatch.subject + ": expected " + mismatch.predicted + ", found ");
      line.remark.add(Piece::Kind::Plain, mismatch.observed, "?");
      story.tell(std::move(line));
    });
    const auto* gap = std::get_if<raw::Gap>(&step.event.body);
    // Many processes may lack the same for the same reason; once is enough, -v says it of each.
    if (gap != nullptr && told_gaps_.insert(gap->reason).second) {
      Telling line = telling_of(step, story.phase());
      line.text.add(Piece::Kind::Bad, "not seen: ").add(base::printable(gap->reason));
      story.tell(std::move(line));
    }
  }

  std::optional<base::Seq> open_since(base::TaskId process) const override {
    return runs_.since(process);
  }

  void flush(base::TaskId process, Story& story) override {
    std::optional<Runs<Unread>::Entry> entry = runs_.take(process);
    if (!entry) {
      return;
    }
    std::vector<std::string> calls;
    for (const auto& [name, times] : entry->run.calls) {
      calls.push_back(std::string(name) + (times > 1 ? " \u00d7" + std::to_string(times) : ""));
    }
    Telling line;
    line.phase = story.phase();
    line.task = entry->task;
    line.time = entry->time;
    line.text.add(count_of(entry->run.count, "call") + " with arguments ");
    line.text.add(Piece::Kind::Bad, "unreadable").add(": " + base::join(calls, ", "));
    line.remark.add(reason_of(entry->run.why));
    line.evidence = std::move(entry->evidence);
    story.tell(std::move(line));
    if (entry->run.why == raw::Unreadable::NotDumpable) {
      story.explain(
          "unread",
          "Runtimes close their memory. Only a tracer with CAP_SYS_PTRACE can read it then: "
          "trace as root.",
          "ptrace(2)");
    }
  }

 private:
  Runs<Unread> runs_;
  std::set<std::string> told_gaps_;
};

}  // namespace

std::unique_ptr<Rule> make_oracle_rule() { return std::make_unique<OracleRule>(); }

}  // namespace boxtrace::timeline
