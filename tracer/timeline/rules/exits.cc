// How each process ended. Threads end unnoticed.

#include "decoders/bpf/outcome.h"
#include "tracer/model/filter_answer.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

constexpr int kSigkill = 9;
constexpr int kSigsys = 31;

// asm-generic/signal.h; the signals that end processes in practice.
std::string signal_name(int signo) {
  switch (signo) {
    case 1:
      return "SIGHUP";
    case 2:
      return "SIGINT";
    case 3:
      return "SIGQUIT";
    case 4:
      return "SIGILL";
    case 6:
      return "SIGABRT";
    case 7:
      return "SIGBUS";
    case 8:
      return "SIGFPE";
    case kSigkill:
      return "SIGKILL";
    case 11:
      return "SIGSEGV";
    case 13:
      return "SIGPIPE";
    case 14:
      return "SIGALRM";
    case 15:
      return "SIGTERM";
    case 31:
      return "SIGSYS";
    default:
      return "signal " + std::to_string(signo);
  }
}

class ExitsRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    each_fact<model::Exited>(step, [&](const model::Exited& exited) {
      const model::Task* task = story.model().task(step.event.task);
      if (task == nullptr || exited.exit.cause == raw::TaskExited::Cause::Superseded) {
        return;
      }
      if (task->thread) {
        return;
      }
      story.settle(task->id);
      if (task->execs == 0 && !story.makes_containers(task->id)) {
        return;  // an ordinary program's fork that never became a program of its own
      }
      if (exited.exit.cause == raw::TaskExited::Cause::Detached && !task->creator &&
          task->execs == 0) {
        return;  // what we attached to lives on: that is no surprise
      }
      const bool success =
          exited.exit.cause == raw::TaskExited::Cause::Code && exited.exit.value == 0;
      if (task->role.kind == model::RoleKind::Stage && success && story.phase() < Phase::Start) {
        return;  // it has done what a stage is for
      }
      if (success && task->creator &&
          (task->role.kind == model::RoleKind::Aide || task->role.is_daemon)) {
        return;  // helpers come and go
      }
      tell(step, exited.exit, *task, story);
    });
  }

 private:
  /// What killed is the answer of a filter, to a call that nobody needs to have stopped at.
  static std::string killing_filter(const model::Task& task) {
    const auto kills = [&task](raw::Abi abi) {
      raw::Call call;
      call.abi = abi;
      call.nr = bpf::syscall_number(abi, "getpid").value_or(0);
      const auto answer = model::ask_filters(task, call);
      return answer && (answer->result == bpf::kKillProcess || answer->result == bpf::kKillThread);
    };
    return kills(raw::Abi::I386) && !kills(raw::Abi::X86_64)
               ? "by its seccomp filter, which kills 32-bit programs"
               : "by its seccomp filter";
  }

  static void tell(const Step& step, const raw::TaskExited& exit, const model::Task& task,
                   Story& story) {
    const bool after_start = story.phase() >= Phase::Start;
    Telling line =
        telling_of(step, task.role.kind == model::RoleKind::Container     ? Phase::Run
                         : task.role.name.ends_with(" start")             ? Phase::Start
                         : after_start && story.makes_containers(task.id) ? Phase::CleanUp
                                                                          : story.phase());
    std::string killing;
    switch (exit.cause) {
      case raw::TaskExited::Cause::Code:
        line.text.add(exit.value == 0 ? Piece::Kind::Plain : Piece::Kind::Bad,
                      "exits " + std::to_string(exit.value));
        line.facts = {{"code", std::to_string(exit.value)}};
        break;
      case raw::TaskExited::Cause::Signal:
        line.text.add(Piece::Kind::Bad, "killed by " + signal_name(exit.value));
        line.text.add(exit.core_dumped ? ", core dumped" : "");
        line.facts = {{"signal", signal_name(exit.value)}};
        if (exit.value == kSigsys && !task.creds.filters.empty()) {
          killing = killing_filter(task);
          line.remark.add(killing);
        }
        break;
      case raw::TaskExited::Cause::Detached:
        line.text.add("lives on, no longer traced");
        break;
      case raw::TaskExited::Cause::Superseded:
        return;
    }
    if (task.role.kind == model::RoleKind::Container) {
      line.remark.add(killing.empty() ? "" : " · ").add("end of the container's program");
    }
    line.milestone = "exit";
    story.tell(std::move(line));
  }
};

}  // namespace

std::unique_ptr<Rule> make_exits_rule() { return std::make_unique<ExitsRule>(); }

}  // namespace boxtrace::timeline
