// Namespaces made, joined and kept alive, whichever call did it.

#include <algorithm>

#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

std::string flag_list(model::NsMask mask) {
  std::string out;
  for (const raw::NsKind kind : model::all_ns_kinds()) {
    if (mask.has(kind)) {
      out += (out.empty() ? "" : "|") + std::string(model::ns_flag_name(kind).substr(6));
    }
  }
  return out;
}

struct Joined {
  std::vector<std::string> kinds;
  std::vector<base::TaskId> owners;
  bool host = true;
};

class NamespacesRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    each_fact<model::NamespacesMade>(
        step, [&](const model::NamespacesMade& made) { tell_made(step, made, story); });
    each_fact<model::NamespaceJoined>(
        step, [&](const model::NamespaceJoined& joined) { note_join(step, joined, story); });
    each_fact<model::NamespacePinned>(step, [&](const model::NamespacePinned& pinned) {
      Telling line = telling_of(step, Phase::Network);
      line.text.add(Piece::Kind::Ns, std::string(model::ns_kind_name(pinned.kind)));
      line.text.add(" namespace pinned at ").append(render_path(pinned.at));
      line.remark.add("the bind mount keeps it alive without a process");
      line.milestone = "ns.pin";
      line.facts = {{"kind", std::string(model::ns_kind_name(pinned.kind))}};
      story.tell(std::move(line));
    });
  }

  std::optional<base::Seq> open_since(base::TaskId process) const override {
    return joins_.since(process);
  }

  void flush(base::TaskId process, Story& story) override {
    std::optional<Runs<Joined>::Entry> entry = joins_.take(process);
    if (!entry) {
      return;
    }
    Telling line;
    line.phase = Phase::Isolate;
    line.task = entry->task;
    line.time = entry->time;
    line.text.add(Piece::Kind::Call, "setns").add(": joins ");
    line.text.add(Piece::Kind::Ns, base::join(entry->run.kinds, " "));
    if (!entry->run.owners.empty()) {
      line.text.add(" of ").append(story.who(entry->run.owners.front()));
    } else if (entry->run.host) {
      line.text.add(" of the host");
    } else {
      line.text.add(" that existed before");
    }
    line.milestone = "ns.join";
    line.facts = {{"kinds", base::join(entry->run.kinds, " ")}};
    line.strip_of = entry->task;
    line.evidence = std::move(entry->evidence);
    story.tell(std::move(line));
  }

 private:
  static void tell_made(const Step& step, const model::NamespacesMade& made, Story& story) {
    Telling line = telling_of(step, Phase::Isolate);
    if (made.with_member) {
      const model::Task* child = story.model().task(made.member);
      line.task = child != nullptr && child->creator ? *child->creator : line.task;
    }
    line.text.add(Piece::Kind::Call, made.call).add(" ");
    line.text.add(Piece::Kind::Ns, flag_list(made.mask));
    line.remark.add(std::to_string(made.mask.count()) + " new");
    line.milestone = "ns.new";
    line.facts = {{"by", std::string(made.call)}, {"kinds", model::render_mask(made.mask)}};
    line.strip_of = made.member;
    story.tell(std::move(line));
    if (made.for_children.has(raw::NsKind::Pid)) {
      story.explain("unshare.pid",
                    "The caller keeps its pid and stays in p; only its next children are in P.",
                    "pid_namespaces(7)");
    } else if (made.for_children.has(raw::NsKind::Time)) {
      story.explain("unshare.time",
                    "The caller stays in t; offsets can be set until its first child enters T.",
                    "time_namespaces(7)");
    }
    if (made.with_member) {
      story.explain(
          "clone.ns",
          "Flags on clone make the namespaces and a child that is born inside, in one step.",
          "clone(2)");
    }
  }

  void note_join(const Step& step, const model::NamespaceJoined& joined, Story& story) {
    Joined& run = joins_.open(story.process(step.event.task), step);
    const std::string kind(model::ns_kind_name(joined.kind));
    if (std::find(run.kinds.begin(), run.kinds.end(), kind) == run.kinds.end()) {
      run.kinds.push_back(kind);  // there and back again is one visit
    }
    run.host = run.host && story.model().namespaces().is_host(joined.ns);
    if (joined.owner && !story.model().namespaces().is_host(joined.ns)) {
      run.owners.push_back(*joined.owner);
    }
    if (joined.for_children) {
      story.explain(
          "setns.pid",
          "Only children enter a pid namespace, not the caller: hence the fork that follows.",
          "setns(2)");
    }
  }

  Runs<Joined> joins_;
};

}  // namespace

std::unique_ptr<Rule> make_namespaces_rule() { return std::make_unique<NamespacesRule>(); }

}  // namespace boxtrace::timeline
