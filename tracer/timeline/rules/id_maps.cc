// Who is root in a user namespace: uid_map, gid_map and the setgroups switch, in one line.

#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

struct Maps {
  std::optional<base::TaskId> target;
  std::vector<base::IdMapLine> uid, gid;
  bool setgroups_denied = false;
  std::string time_offsets;
};

std::string render_lines(const std::vector<base::IdMapLine>& lines) {
  std::string out;
  for (const base::IdMapLine& line : lines) {
    out += out.empty() ? "" : ", ";
    out += std::to_string(line.inside);
    if (line.count > 1) {
      out += "\u2026" + std::to_string(line.inside + line.count - 1);
    }
    out += " = " + std::to_string(line.outside);
    if (line.count > 1) {
      out += "\u2026" + std::to_string(line.outside + line.count - 1);
    }
  }
  return out;
}

class IdMapsRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    const base::TaskId process = story.process(step.event.task);
    each_fact<model::IdMapWritten>(step, [&](const model::IdMapWritten& map) {
      Maps& run = runs_.open(process, step);
      run.target = map.target;
      (map.gid ? run.gid : run.uid) = map.lines;
    });
    each_fact<model::SetgroupsDenied>(step, [&](const model::SetgroupsDenied&) {
      runs_.open(process, step).setgroups_denied = true;
    });
    each_fact<model::TimeOffsetsWritten>(step, [&](const model::TimeOffsetsWritten& offsets) {
      Telling line = telling_of(step, Phase::Isolate);
      line.text.add("clock offsets of the new time namespace: " + base::printable(offsets.text));
      line.milestone = "time.offsets";
      line.facts = {{"offsets", offsets.text}};
      story.tell(std::move(line));
    });
  }

  std::optional<base::Seq> open_since(base::TaskId process) const override {
    return runs_.since(process);
  }

  void flush(base::TaskId process, Story& story) override {
    std::optional<Runs<Maps>::Entry> entry = runs_.take(process);
    if (!entry) {
      return;
    }
    const Maps& run = entry->run;
    Telling line;
    line.phase = Phase::Isolate;
    line.task = entry->task;
    line.time = entry->time;
    line.text.add("id maps");
    if (run.target && story.process(*run.target) != process) {
      line.text.add(" of ").append(story.pid(*run.target));
    }
    line.text.add(" (inside = outside) ");
    std::string parts;
    if (!run.uid.empty()) {
      parts += "uid " + render_lines(run.uid);
      line.facts.emplace_back("uid", render_lines(run.uid));
    }
    if (!run.gid.empty()) {
      parts += (parts.empty() ? "gid " : "; gid ") + render_lines(run.gid);
      line.facts.emplace_back("gid", render_lines(run.gid));
    }
    if (run.setgroups_denied) {
      parts += "; setgroups denied";
      line.facts.emplace_back("setgroups", "deny");
    }
    line.text.add(parts);
    line.milestone = "idmap";
    line.evidence = std::move(entry->evidence);
    story.tell(std::move(line));
    if (run.setgroups_denied) {
      story.explain("setgroups", "Who maps a gid without privilege must first give up setgroups.",
                    "user_namespaces(7)");
    } else {
      story.explain("idmap",
                    "Until its maps are written, once, everyone in a user namespace is id 65534.",
                    "user_namespaces(7)");
    }
  }

 private:
  Runs<Maps> runs_;
};

}  // namespace

std::unique_ptr<Rule> make_id_maps_rule() { return std::make_unique<IdMapsRule>(); }

}  // namespace boxtrace::timeline
