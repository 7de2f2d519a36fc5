// Seccomp filters: what they permit, the calls that they refuse, and the questions that libseccomp
// asks the kernel before it writes one: calls that are meant to fail and look alarming in a plain
// trace.

#include <map>
#include <set>
#include <utility>

#include "decoders/bpf/explain.h"
#include "decoders/bpf/lint.h"
#include "decoders/bpf/outcome.h"
#include "decoders/bpf/rules_text.h"
#include "tracer/base/text.h"
#include "tracer/model/filter_answer.h"
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
    if (step.call != nullptr) {
      tell_refusal(step, story);
    }
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
  /// Filters are explained once: all processes of a container have the same one.
  const bpf::Explanation& explanation_of(const model::InstalledFilter& filter) {
    const auto bytes = bpf::render_program(filter.program);
    const auto [at, fresh] = explained_.try_emplace(std::string(base::as_chars(bytes)));
    if (fresh) {
      at->second = bpf::explain(std::span(&filter.program, 1));
    }
    return at->second;
  }

  void tell_filter(const Step& step, const model::SeccompInstalled& installed, Story& story) {
    Telling line = telling_of(step, Phase::LockDown);
    line.text.add(Piece::Kind::Good, installed.strict ? "seccomp strict mode" : "seccomp filter");
    if (installed.instructions) {
      line.text.add(", " + count_of(*installed.instructions, "instruction"));
      line.facts.emplace_back("instructions", std::to_string(*installed.instructions));
    }
    const bpf::Explanation* explained = nullptr;
    if (installed.filter != nullptr && !installed.filter->program.empty()) {
      explained = &explanation_of(*installed.filter);
      add_summary(line, *explained);
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
    if (explained != nullptr && judged_.insert(explained).second) {
      tell_findings(step, *explained, story);
    }
  }

  /// What its author will not have meant. `boxtrace seccomp lint` knows more that may be meant.
  static void tell_findings(const Step& step, const bpf::Explanation& explained, Story& story) {
    for (const bpf::Finding& finding : bpf::find_mistakes(explained)) {
      if (finding.id != "sibling-open" && finding.id != "i386-killed") {
        continue;
      }
      Telling line = telling_of(step, Phase::LockDown);
      line.text.add(Piece::Kind::Bad, "mind: ").add(finding.text);
      line.remark.add(finding.why);
      story.tell(std::move(line));
    }
  }

  static void add_summary(Telling& line, const bpf::Explanation& explained) {
    if (!explained.policy) {
      line.text.add(" (NOT PROVEN: " + explained.doubt + ")");
      return;
    }
    const bpf::Summary summary = bpf::summarise(*explained.policy);
    line.text.add(", " + bpf::render_summary(summary));
    if (!explained.proven) {
      line.text.add(" (NOT PROVEN: " + explained.doubt + ")");
    }
    line.facts.emplace_back("default", bpf::render_default(summary));
    line.facts.emplace_back("allows", std::to_string(summary.allowed));
    line.facts.emplace_back("conditional", std::to_string(summary.conditional));
  }

  /// A call that failed, or was not made, because a filter said so: once for each call and answer.
  void tell_refusal(const Step& step, Story& story) {
    const model::Task* task = story.model().task(step.event.task);
    const auto refusal = task == nullptr ? std::nullopt : model::find_denial(*task, *step.syscall);
    if (!refusal || !refused_.emplace(step.call->name, refusal->result).second) {
      return;
    }
    const auto& filter = *task->creds.filters[refusal->filter];
    Telling line = telling_of(step, story.phase());
    line.text.add(Piece::Kind::Call, step.call->name).add(" ");
    const bool failed = step.syscall->outcome.kind == raw::Outcome::Kind::Failed;
    line.text.add(Piece::Kind::Bad, std::string(failed ? "refused" : "stopped") +
                                        " by seccomp: " + bpf::render_outcome(refusal->result));
    line.remark.add("filter " + std::to_string(refusal->filter + 1) + " of " +
                    std::to_string(task->creds.seccomp_filters));
    const auto input = bpf::make_input(step.syscall->call);
    const bpf::Explanation& explained = explanation_of(filter);
    if (explained.policy && input) {
      constexpr std::size_t kNames = 4;
      const bpf::Verdict verdict = bpf::find_rule(*explained.policy, *input);
      line.remark.add(verdict.rule
                          ? ", rule " + bpf::render_rule(*verdict.section, *verdict.rule, kNames)
                          : ", its default for " + verdict.section->name);
    }
    story.tell(std::move(line));
  }

  std::map<std::string, bpf::Explanation> explained_;
  std::set<const bpf::Explanation*> judged_;
  std::set<std::pair<std::string, std::uint32_t>> refused_;
  Runs<std::size_t> probes_;
  bool told_ = false;
};

}  // namespace

std::unique_ptr<Rule> make_seccomp_rule() { return std::make_unique<SeccompRule>(); }

}  // namespace boxtrace::timeline
