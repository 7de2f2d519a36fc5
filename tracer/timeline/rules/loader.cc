// Between execve and main() the dynamic loader opens and maps libraries: most of what strace shows
// of a small program. One line stands for it. Of these calls the rule sees only the opens, so the
// loading ends with the first call that matters to a container.

#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

struct Loading {
  std::vector<std::string> libraries;
};

bool is_locale(const std::string& path) {
  return path.find("/locale") != std::string::npos || path.find("/gconv") != std::string::npos;
}

class LoaderRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    const base::TaskId task = step.event.task;
    bool execed = false;
    each_fact<model::Execed>(step, [&](const model::Execed& exec) {
      const model::RoleKind kind = story.role_kind(task);
      execed = !exec.re_exec && kind != model::RoleKind::Runtime;
    });
    if (execed) {
      runs_.drop(task);
      runs_.open(task, step);
      return;
    }
    if (!runs_.has(task) || step.call == nullptr) {
      return;
    }
    if (belongs(step)) {
      note_library(step, runs_.open(task, step));
    } else {
      flush(task, story);
    }
  }

  std::span<const decoders::CallChoice> watches() const override { return kFileOpens; }

  std::optional<base::Seq> open_since(base::TaskId process) const override {
    return runs_.since(process);
  }

  void flush(base::TaskId process, Story& story) override {
    std::optional<Runs<Loading>::Entry> entry = runs_.take(process);
    if (!entry || entry->run.libraries.empty()) {
      return;
    }
    Telling line;
    line.phase = story.phase();
    line.task = entry->task;
    line.time = entry->time;
    line.text.add("dynamic loader: ");
    line.text.add(count_of(entry->run.libraries.size(), "library", "libraries"));
    line.remark.add(base::clip(base::join(entry->run.libraries, " "), 60));
    line.evidence = std::move(entry->evidence);
    story.tell(std::move(line));
  }

 private:
  static std::string opened(const Step& step) {
    const decoders::Value* path = step.call->arg("pathname");
    if (path == nullptr) {
      path = step.call->arg("filename");
    }
    const std::string* text = path == nullptr ? nullptr : path->text();
    return text == nullptr ? std::string{} : *text;
  }

  static bool is_open(const Step& step) {
    return step.call->name == "openat" || step.call->name == "open";
  }

  static bool belongs(const Step& step) {
    if (!is_open(step)) {
      return false;
    }
    const std::string path = opened(step);
    return path.find(".so") != std::string::npos || is_locale(path);
  }

  static void note_library(const Step& step, Loading& run) {
    if (!is_open(step) || step.syscall->outcome.kind != raw::Outcome::Kind::Returned) {
      return;
    }
    const std::string path = opened(step);
    std::string name = path.substr(path.rfind('/') + 1);
    if (name.find(".so") != std::string::npos && !name.starts_with("ld.so.")) {
      run.libraries.push_back(base::printable(name));
    }
  }

  Runs<Loading> runs_;
};

}  // namespace

std::unique_ptr<Rule> make_loader_rule() { return std::make_unique<LoaderRule>(); }

}  // namespace boxtrace::timeline
