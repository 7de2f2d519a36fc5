// A process becomes another program. Four kinds matter: the command that was launched, a runtime
// that starts itself again (to be somebody else, or from a copy that a container cannot write to),
// the container's own program, and everything else.

#include <algorithm>

#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

// The words of a runtime's command line from its verb on; options for all verbs stand before it.
std::vector<std::string> arguments_of(const std::vector<std::string>& argv,
                                      const model::Role& role) {
  auto first = argv.begin() + (argv.empty() ? 0 : 1);
  if (role.kind == model::RoleKind::Runtime) {
    const auto verb = std::find(first, argv.end(), role.name.substr(role.name.rfind(' ') + 1));
    first = verb == argv.end() ? first : verb;
  }
  return {first, argv.end()};
}

std::string command_line(const std::vector<std::string>& argv, std::size_t columns = 120) {
  if (argv.empty()) {
    return "(arguments not known)";  // unreadable, or the call was not seen
  }
  std::string out;
  for (const std::string& arg : argv) {
    const bool plain = !arg.empty() && arg.find_first_of(" \t\n\"'\\$") == std::string::npos;
    const std::string word = base::shorten_ids(arg);
    out += (out.empty() ? "" : " ") + (plain ? base::printable(word) : base::quote(word));
  }
  return base::clip(out, columns);
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Phase phase_of(const model::Role& role, Phase now, bool contained, bool launched) {
  if (role.kind == model::RoleKind::Runtime) {
    if (role.name.ends_with(" start")) {
      return Phase::Start;
    }
    if (role.name.ends_with(" delete") || role.name.ends_with(" kill")) {
      return Phase::CleanUp;
    }
    return Phase::Prepare;
  }
  const bool ordinary =
      role.kind == model::RoleKind::Program || role.kind == model::RoleKind::Container;
  return ordinary && (launched || (contained && now >= Phase::Start)) ? Phase::Run : now;
}

class ExecsRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    each_fact<model::Execed>(step, [&](const model::Execed& exec) {
      const model::Task* task = story.model().task(step.event.task);
      if (task == nullptr) {
        return;
      }
      if (task->role.kind == model::RoleKind::Container) {
        tell_container(step, exec, story);
      } else if (exec.re_exec) {
        tell_re_exec(step, exec, story);
      } else {
        tell_other(step, exec, *task, story);
      }
    });
  }

 private:
  static void tell_container(const Step& step, const model::Execed& exec, Story& story) {
    story.settle(std::nullopt);
    Telling line = telling_of(step, Phase::Start);
    line.text.add(Piece::Kind::Call, "execve ").add(Piece::Kind::Path, base::printable(exec.exe));
    line.text.add("  ").add(command_line(exec.argv));
    const model::Task* task = story.model().task(step.event.task);
    line.remark = both_pids(*task, story);
    line.milestone = "exec.final";
    line.facts = {{"program", exec.exe}};
    story.hand_over(step.event.task);
    story.tell(std::move(line));
  }

  static RichText both_pids(const model::Task& task, Story& story) {
    RichText out("pid ");
    out.append(story.pid(task.id));
    if (task.ns_pids.size() > 1) {
      out.add(" outside, ").add(Piece::Kind::Pid, std::to_string(task.ns_pids.back().value));
      out.add(" inside");
    } else {
      out.add(", the same inside");
    }
    return out;
  }

  static void tell_re_exec(const Step& step, const model::Execed& exec, Story& story) {
    const bool copy =
        exec.exe == "/" || exec.exe.starts_with("/memfd:") || exec.exe.ends_with(" (deleted)");
    Telling line = telling_of(step, copy ? Phase::Prepare : Phase::Spawn);
    line.text.add(Piece::Kind::Call, "re-exec ").add(command_line(exec.argv));
    if (copy) {
      line.remark.add("from a copy nobody can write to");
      line.milestone = "exec.copy";
    } else {
      line.remark.add("itself again, in a new role");
      line.milestone = "exec.again";
    }
    line.facts = {{"argv", exec.argv.size() > 1 ? exec.argv[1] : ""}};
    story.tell(std::move(line));
    if (copy) {
      story.explain(
          "exec.copy",
          "Else a process inside could overwrite the runtime by /proc/PID/exe (CVE-2019-5736).",
          "proc(5)");
    }
  }

  static void tell_other(const Step& step, const model::Execed& exec, const model::Task& task,
                         Story& story) {
    Telling line = telling_of(
        step, phase_of(task.role, story.phase(), story.contained(task.id), !task.creator));
    line.text.add(Piece::Kind::Call, "exec ").add(Piece::Kind::Path, base::printable(exec.exe));
    if (exec.argv.size() > 1) {
      // Engines hand over paths of their own state directories, of any length.
      constexpr std::size_t kShort = 60;
      constexpr std::size_t kLong = 120;
      const model::Task* parent = task.creator ? story.model().process_of(*task.creator) : nullptr;
      const bool for_engine = parent != nullptr && parent->role.is_daemon;
      line.text.add("  ").add(
          command_line(arguments_of(exec.argv, task.role), for_engine ? kShort : kLong));
    }
    if (task.creator) {
      line.remark.add(task.role.purpose);
    }
    if (story.makes_containers(task.id)) {
      line.milestone = "exec";
      line.facts = {{"program", base_name(exec.exe)}};
    }
    story.tell(std::move(line));
  }
};

}  // namespace

std::unique_ptr<Rule> make_execs_rule() { return std::make_unique<ExecsRule>(); }

}  // namespace boxtrace::timeline
