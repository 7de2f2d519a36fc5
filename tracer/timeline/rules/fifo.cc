// exec.fifo, by which create and start are two commands: the new process opens it for writing and
// sleeps in that open until `start` opens it for reading.

#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

constexpr std::string_view kFifo = "exec.fifo";

bool opens_fifo(const Step& step) {
  if (step.call == nullptr || (step.call->name != "open" && step.call->name != "openat") ||
      step.syscall->outcome.kind != raw::Outcome::Kind::Returned) {
    return false;
  }
  for (const decoders::Field& arg : step.call->args) {
    const std::string* text = arg.value.text();
    if (text != nullptr && text->ends_with(kFifo)) {
      return true;
    }
    // Through /proc/self/fd/N, since the runtime's state directory is not in the container's tree.
    if (text != nullptr && text->starts_with("/proc/") && text->find("/fd/") != std::string::npos) {
      for (const raw::FdTarget& fd : step.syscall->fds) {
        if (fd.target.ends_with(kFifo)) {
          return true;
        }
      }
    }
  }
  return false;
}

class FifoRule final : public Rule {
 public:
  // Not with O_PATH: such descriptors are taken early, to be reopened at the end.
  std::span<const decoders::CallChoice> watches() const override { return kFileOpens; }

  void on_step(const Step& step, Story& story) override {
    if (!opens_fifo(step)) {
      return;
    }
    const bool waiting = story.contained(step.event.task);
    if (!waiting && story.role(step.event.task).ends_with(" run")) {
      return;  // both ends are its own business: the other side tells it
    }
    Telling line = telling_of(step, Phase::Start);
    line.text.add(waiting ? "ready: waits in open(exec.fifo)"
                          : "opens exec.fifo: lets the container go");
    line.milestone = waiting ? "start.wait" : "start.go";
    story.tell(std::move(line));
    story.explain("fifo", "Opening a FIFO blocks until its other end is opened, here by start.",
                  "fifo(7)");
  }
};

}  // namespace

std::unique_ptr<Rule> make_fifo_rule() { return std::make_unique<FifoRule>(); }

}  // namespace boxtrace::timeline
