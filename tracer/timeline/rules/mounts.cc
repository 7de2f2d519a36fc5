// The container's mounts, in few lines, at the places they will have.

#include <algorithm>

#include "tracer/base/text.h"
#include "tracer/timeline/rules/mount_kinds.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

struct Mounting {
  std::vector<std::pair<std::string, RichText>> mounts;  // kind and place
  std::size_t cgroups = 0;
  std::size_t remounts = 0;
  std::size_t read_only = 0;
  [[nodiscard]] std::size_t count() const { return mounts.size() + cgroups; }
};

std::string kind_word(const model::Mounted& mount) {
  switch (mount.kind) {
    case model::Mounted::Kind::Bind:
      return "bind";
    case model::Mounted::Kind::Move:
      return "move";
    case model::Mounted::Kind::Attach:
    case model::Mounted::Kind::New:
    case model::Mounted::Kind::Remount:
      break;
  }
  return mount.fstype.empty() ? "mount" : base::printable(mount.fstype);
}

class MountsRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    each_fact<model::Mounted>(step,
                              [&](const model::Mounted& mount) { on_mount(step, mount, story); });
  }

  std::optional<base::Seq> open_since(base::TaskId process) const override {
    const std::optional<base::Seq> root = roots_.since(process);
    const std::optional<base::Seq> mounts = runs_.since(process);
    return root && mounts ? std::min(*root, *mounts) : root ? root : mounts;
  }

  void flush(base::TaskId process, Story& story) override {
    const std::optional<base::Seq> root = roots_.since(process);
    const std::optional<base::Seq> mounts = runs_.since(process);
    if (root && (!mounts || *root < *mounts)) {
      flush_root(process, story);
    }
    flush_mounts(process, story);
    flush_root(process, story);
  }

 private:
  void flush_root(base::TaskId process, Story& story) {
    std::optional<Runs<Telling>::Entry> root = roots_.take(process);
    if (!root) {
      return;
    }
    story.tell(std::move(root->run));
    story.explain("rootfs.bind",
                  "pivot_root takes only a mount point; bound onto itself a directory is one.",
                  "pivot_root(2)");
  }

  void flush_mounts(base::TaskId process, Story& story) {
    std::optional<Runs<Mounting>::Entry> entry = runs_.take(process);
    if (!entry) {
      return;
    }
    const Mounting& run = entry->run;
    Telling line;
    line.phase = Phase::Rootfs;
    line.task = entry->task;
    line.time = entry->time;
    if (run.count() == 0) {
      line.text.add(count_of(run.remounts, "mount") + " remounted");
      line.text.add(run.read_only == run.remounts ? " read-only" : " with other flags");
    } else {
      line.text.add(count_of(run.count(), "mount") + ": ");
      append_mounts(run, line);
    }
    line.milestone = run.count() == 0 ? "" : "mounts";
    line.evidence = std::move(entry->evidence);
    story.tell(std::move(line));
  }

  void on_mount(const Step& step, const model::Mounted& mount, Story& story) {
    const base::TaskId process = story.process(step.event.task);
    if (mount.kind == model::Mounted::Kind::Remount && mount.onto_itself) {
      take_back_bind(step, mount, process);
      return;
    }
    if (roots_.has(process)) {
      story.settle(process);
    }
    switch (mount_kind(mount)) {
      case MountKind::Plain:
        runs_.open(process, step).mounts.emplace_back(kind_word(mount), render_path(mount.target));
        break;
      case MountKind::Cgroup:
        ++runs_.open(process, step).cgroups;
        break;
      case MountKind::Remount:
        if (!note_remount(step, mount, process)) {
          return;
        }
        break;
      case MountKind::Rootfs:
        if (mount.onto_itself) {
          roots_.open(process, step) = rootfs_line(step, mount);
        } else {
          story.tell(rootfs_line(step, mount));
        }
        break;
      case MountKind::RootRemount:
        tell_read_only_root(step, story);
        break;
      case MountKind::Mask:
      case MountKind::ReadOnly:
      case MountKind::Device:
      case MountKind::SelfCopy:
        break;  // other rules
    }
  }

  // The remount was what the bind of the directory onto itself was for. Of one that is read-only
  // now another rule tells.
  void take_back_bind(const Step& step, const model::Mounted& mount, base::TaskId process) {
    const bool was_root = roots_.has(process);
    roots_.drop(process);
    RichText place = render_path(mount.target);
    if (was_root && !mount.read_only) {
      runs_.open(process, step).mounts.emplace_back("bind", std::move(place));
    } else if (!was_root && mount.read_only && runs_.has(process)) {
      Mounting& run = runs_.open(process, step);
      if (!run.mounts.empty() && run.mounts.back().second.str(true) == place.str(true)) {
        run.mounts.pop_back();
      }
      if (run.count() == 0 && run.remounts == 0) {
        runs_.drop(process);
      }
    }
  }

  // Remounts finish what earlier mounts began; they are told alone only if there is nothing else.
  bool note_remount(const Step& step, const model::Mounted& mount, base::TaskId process) {
    const std::string& inside = mount.target.inside;
    if (inside.empty() || inside.starts_with("/proc/")) {
      return false;  // the runtime's own copy, or a read-only path: other rules
    }
    Mounting& run = runs_.open(process, step);
    ++run.remounts;
    run.read_only += mount.read_only ? 1 : 0;
    return true;
  }

  static void append_mounts(const Mounting& run, Telling& line) {
    std::string all;
    bool first = true;
    for (const auto& [kind, place] : run.mounts) {
      line.text.add(first ? "" : ", ").add(kind + " ").append(place);
      all += (first ? "" : ", ") + kind + " " + place.str(true);
      first = false;
    }
    if (run.cgroups > 0) {
      const std::string text =
          count_of(run.cgroups, "cgroup hierarchy", "cgroup hierarchies") + " in /sys/fs/cgroup";
      line.text.add(first ? "" : ", ").add(text);
      all += (first ? "" : ", ") + text;
    }
    line.facts = {{"mounts", all}};
  }

  static Telling rootfs_line(const Step& step, const model::Mounted& mount) {
    Telling line = telling_of(step, Phase::Rootfs);
    line.text.add("rootfs: bind ").add(Piece::Kind::Path, base::printable(mount.source.outside));
    if (mount.onto_itself) {
      line.text.add(" onto itself");
    } else {
      line.text.add(" onto ").add(Piece::Kind::Path, base::printable(mount.target.outside));
    }
    line.milestone = "rootfs.bind";
    line.facts = {{"onto", mount.onto_itself ? "itself" : "elsewhere"}};
    return line;
  }

  static void tell_read_only_root(const Step& step, Story& story) {
    Telling line = telling_of(step, Phase::Rootfs);
    line.text.add("root directory made ").add(Piece::Kind::Good, "read-only");
    line.milestone = "rootfs.readonly";
    story.tell(std::move(line));
  }

  Runs<Mounting> runs_;
  /// Bound onto itself just now: the root to be, unless a remount says otherwise.
  Runs<Telling> roots_;
};

}  // namespace

std::unique_ptr<Rule> make_mounts_rule() { return std::make_unique<MountsRule>(); }

}  // namespace boxtrace::timeline
