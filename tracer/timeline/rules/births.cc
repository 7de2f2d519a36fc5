// New processes. A thread is no news; a process that an ordinary program starts is told when it
// execs.

#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

struct FlagName {
  std::uint64_t bit;
  std::string_view name;
};
// linux/sched.h; only those that decide whose child it is and what it shares.
constexpr FlagName kTold[] = {
    {0x00000100, "CLONE_VM"},    {0x00000200, "CLONE_FS"},     {0x00000400, "CLONE_FILES"},
    {0x00004000, "CLONE_VFORK"}, {0x00008000, "CLONE_PARENT"}, {0x200000000, "CLONE_INTO_CGROUP"},
};
constexpr std::uint64_t kParent = 0x8000;

// The C library's fork() calls clone: what a reader knows as a fork is told as one.
std::string call_of(const model::TaskBorn& born) {
  std::string call{born.call.empty() ? "clone" : born.call};
  if (call == "vfork") {
    return call;  // its flags are those that it always has
  }
  std::string names;
  for (const FlagName& flag : kTold) {
    if ((born.flags & flag.bit) != 0) {
      names += (names.empty() ? " " : "|") + std::string(flag.name);
    }
  }
  if (call == "clone" && names.empty() && born.made.empty()) {
    return "clone (fork)";
  }
  return call + names;
}

class BirthsRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    each_fact<model::TaskBorn>(step, [&](const model::TaskBorn& born) {
      if (born.thread || !born.creator ||
          (!story.makes_containers(*born.creator) && !born.first_of_pid_ns && born.made.empty())) {
        return;
      }
      const model::Task* creator = story.model().process_of(*born.creator);
      if (creator != nullptr && creator->role.is_daemon && !born.first_of_pid_ns &&
          born.made.empty()) {
        return;  // engines start programs all the time: who it is will be told at its exec
      }
      Telling line = telling_of(step, born.first_of_pid_ns ? Phase::Isolate : Phase::Spawn);
      line.task = *born.creator;
      const std::string call = call_of(born);
      line.text.add(Piece::Kind::Call, call).add(" \u2192 ").append(story.pid(born.task));
      if (born.first_of_pid_ns) {
        line.text.add(" = ").add(Piece::Kind::Good, "pid 1");
        line.text.add(" inside");
        line.milestone = "pid1.born";
        line.facts = {{"by", call}};
        line.strip_of = born.task;
      }
      story.tell(std::move(line));
      if ((born.flags & kParent) != 0 && !born.first_of_pid_ns) {
        story.explain("clone.parent",
                      "CLONE_PARENT: the child is the runtime's, which can wait for it.",
                      "clone(2)");
      }
    });
  }
};

}  // namespace

std::unique_ptr<Rule> make_births_rule() { return std::make_unique<BirthsRule>(); }

}  // namespace boxtrace::timeline
