// Device nodes: made where the kernel lets the runtime, bound from the host's /dev where it does
// not (mknod of devices is refused in a user namespace).

#include "tracer/base/text.h"
#include "tracer/timeline/rules/mount_kinds.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

struct Devices {
  std::vector<std::string> made, bound;
};

std::string base_name(const std::string& path) {
  return base::printable(path.substr(path.rfind('/') + 1));
}

class DevicesRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    const base::TaskId process = story.process(step.event.task);
    each_fact<model::NodeMade>(step, [&](const model::NodeMade& node) {
      if (node.type == 'c' || node.type == 'b') {
        runs_.open(process, step).made.push_back(base_name(node.path.best()));
      }
    });
    each_fact<model::Mounted>(step, [&](const model::Mounted& mount) {
      if (mount_kind(mount) == MountKind::Device) {
        runs_.open(process, step).bound.push_back(base_name(mount.target.best()));
      }
    });
  }

  std::optional<base::Seq> open_since(base::TaskId process) const override {
    return runs_.since(process);
  }

  void flush(base::TaskId process, Story& story) override {
    std::optional<Runs<Devices>::Entry> entry = runs_.take(process);
    if (!entry) {
      return;
    }
    Telling line;
    line.phase = Phase::Rootfs;
    line.task = entry->task;
    line.time = entry->time;
    const Devices& run = entry->run;
    if (!run.made.empty()) {
      line.text.add(count_of(run.made.size(), "device node") + ": ");
      line.text.add(Piece::Kind::Path, base::join(run.made, " "));
      line.facts.emplace_back("made", base::join(run.made, " "));
    }
    if (!run.bound.empty()) {
      line.text.add(line.text.empty() ? "" : "; ");
      line.text.add(count_of(run.bound.size(), "device") + " bound from the host: ");
      line.text.add(Piece::Kind::Path, base::join(run.bound, " "));
      line.facts.emplace_back("bound", base::join(run.bound, " "));
    }
    line.milestone = "devices";
    line.evidence = std::move(entry->evidence);
    story.tell(std::move(line));
  }

 private:
  Runs<Devices> runs_;
};

}  // namespace

std::unique_ptr<Rule> make_devices_rule() { return std::make_unique<DevicesRule>(); }

}  // namespace boxtrace::timeline
