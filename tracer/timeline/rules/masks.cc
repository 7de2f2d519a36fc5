// Files of /proc and /sys that belong to no namespace: a container must not read some of them
// (masked) nor write others (read-only).

#include <algorithm>

#include "tracer/base/text.h"
#include "tracer/timeline/rules/mount_kinds.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

struct Hidden {
  std::vector<std::string> masked, read_only;
  std::size_t absent = 0;
};

void add_once(std::vector<std::string>& list, const std::string& path) {
  if (std::find(list.begin(), list.end(), path) == list.end()) {
    list.push_back(path);
  }
}

class MasksRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    const base::TaskId process = story.process(step.event.task);
    each_fact<model::Mounted>(step, [&](const model::Mounted& mount) {
      const std::string path = base::printable(mount.target.best());
      switch (mount_kind(mount)) {
        case MountKind::Mask:
          add_once(runs_.open(process, step).masked, path);
          break;
        case MountKind::ReadOnly:
          add_once(runs_.open(process, step).read_only, path);
          break;
        default:
          break;
      }
    });
    if (is_absent(step)) {
      ++runs_.open(process, step).absent;
    }
  }

  std::optional<base::Seq> open_since(base::TaskId process) const override {
    return runs_.since(process);
  }

  void flush(base::TaskId process, Story& story) override {
    std::optional<Runs<Hidden>::Entry> entry = runs_.take(process);
    if (!entry) {
      return;
    }
    const Hidden& run = entry->run;
    Telling line;
    line.phase = Phase::LockDown;
    line.task = entry->task;
    line.time = entry->time;
    const auto list = [&](const std::vector<std::string>& paths, std::string_view what) {
      if (paths.empty()) {
        return;
      }
      line.text.add(line.text.empty() ? "" : "; ").add(std::to_string(paths.size()) + " ");
      line.text.add(Piece::Kind::Good, what).add(": ");
      line.text.add(Piece::Kind::Path, base::join(paths, " "));
      std::vector<std::string> sorted = paths;
      std::sort(sorted.begin(), sorted.end());
      line.facts.emplace_back(std::string(what), base::join(sorted, " "));
    };
    list(run.masked, "masked");
    list(run.read_only, "read-only");
    if (run.absent > 0) {
      line.text.add(line.text.empty() ? "" : "; ");
      line.text.add(Piece::Kind::Faint,
                    std::to_string(run.absent) + " absent here (ENOENT: harmless)");
    }
    line.milestone = run.masked.empty() && run.read_only.empty() ? "" : "paths.hidden";
    line.evidence = std::move(entry->evidence);
    story.tell(std::move(line));
  }

 private:
  // A mask for a file that this kernel does not have.
  static bool is_absent(const Step& step) {
    constexpr std::int64_t kEnoent = 2;
    if (step.call == nullptr || step.call->name != "mount" ||
        step.syscall->outcome.kind != raw::Outcome::Kind::Failed ||
        step.syscall->outcome.value != kEnoent || step.call->args.size() < 2) {
      return false;
    }
    const std::string* target = step.call->args[1].value.text();
    return target != nullptr && (target->starts_with("/proc/") || target->starts_with("/sys/"));
  }

  Runs<Hidden> runs_;
};

}  // namespace

std::unique_ptr<Rule> make_masks_rule() { return std::make_unique<MasksRule>(); }

}  // namespace boxtrace::timeline
