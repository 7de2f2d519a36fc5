// Seccomp filters, and the questions that libseccomp asks the kernel before it writes one: calls
// that are meant to fail and look alarming in a plain trace.

#include <utility>

#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

constexpr std::int64_t kEfault = 14;
constexpr std::int64_t kEinval = 22;
constexpr std::uint32_t kOpSetFilter = 1;  // linux/seccomp.h
constexpr std::uint32_t kOpGetActionAvail = 2;
constexpr std::uint32_t kOpGetNotifSizes = 3;

bool is_probe(const Step& step) {
  if (step.call == nullptr || step.call->name != "seccomp") {
    return false;
  }
  const auto operation = static_cast<std::uint32_t>(step.syscall->call.args[0]);
  if (operation == kOpGetActionAvail || operation == kOpGetNotifSizes) {
    return true;
  }
  const raw::Outcome& outcome = step.syscall->outcome;
  return outcome.kind == raw::Outcome::Kind::Failed &&
         (outcome.value == kEfault || outcome.value == kEinval) &&
         (operation != kOpSetFilter || step.syscall->call.args[2] == 0);
}

class SeccompRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    const base::TaskId process = story.process(step.event.task);
    if (is_probe(step)) {
      ++probes_.open(process, step);
    }
    each_fact<model::SeccompInstalled>(step, [&](const model::SeccompInstalled& installed) {
      tell_filter(step, installed, story);
    });
  }

  std::optional<base::Seq> open_since(base::TaskId process) const override {
    return probes_.since(process);
  }

  void flush(base::TaskId process, Story& story) override {
    std::optional<Runs<std::size_t>::Entry> entry = probes_.take(process);
    if (!entry || std::exchange(told_, true)) {
      return;  // each process that uses the library asks the same
    }
    Telling line;
    line.phase = story.phase();
    line.task = entry->task;
    line.time = entry->time;
    line.text.add(Piece::Kind::Faint, count_of(entry->run, "libseccomp probe"));
    line.remark.add("EFAULT, EINVAL expected");
    line.evidence = std::move(entry->evidence);
    story.tell(std::move(line));
  }

 private:
  static void tell_filter(const Step& step, const model::SeccompInstalled& installed,
                          Story& story) {
    Telling line = telling_of(step, Phase::LockDown);
    line.text.add(Piece::Kind::Good, installed.strict ? "seccomp strict mode" : "seccomp filter");
    if (installed.instructions) {
      line.text.add(", " + count_of(*installed.instructions, "instruction"));
      line.facts.emplace_back("instructions", std::to_string(*installed.instructions));
    }
    line.text.add(installed.by_prctl ? ", via prctl" : ", via seccomp");
    line.facts.emplace_back("via", installed.by_prctl ? "prctl" : "seccomp");
    line.milestone = "seccomp";
    story.tell(std::move(line));
    const model::Task* task = story.model().task(step.event.task);
    if (task != nullptr && !task->creds.no_new_privs) {
      story.explain(
          "seccomp.order",
          "Before the capabilities go: without no_new_privs a filter takes CAP_SYS_ADMIN.",
          "seccomp(2)");
    } else {
      story.explain("seccomp",
                    "It holds for this task and all its children; more can be added, none removed.",
                    "seccomp(2)");
    }
  }

  Runs<std::size_t> probes_;
  bool told_ = false;
};

}  // namespace

std::unique_ptr<Rule> make_seccomp_rule() { return std::make_unique<SeccompRule>(); }

}  // namespace boxtrace::timeline
