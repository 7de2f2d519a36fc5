#pragma once
// Events to lines. The format is schema.json, explained in schema.md.

#include <string>
#include <unordered_map>

#include "decoders/decode.h"
#include "tracer/raw/event.h"
#include "tracer/trace/json_text.h"
#include "tracer/trace/milestone_record.h"

namespace boxtrace::trace {

/// Writes one line per event. It remembers which process and thread number each task has, because
/// every record carries them for the people who read it; a reader derives them again.
class TraceWriter {
 public:
  /// The line of `event`, with its newline. `decoded` is the meaning of a raw::Syscall, if the
  /// caller has it already; it is not looked at for other events.
  [[nodiscard]] std::string render_line(const raw::Event& event,
                                        const decoders::DecodedCall* decoded = nullptr);

  /// The line of a milestone, with its newline. Milestones have no `seq`: they are conclusions, not
  /// events.
  [[nodiscard]] std::string render_line(const MilestoneRecord& milestone) const;

 private:
  struct Identity {
    base::HostTid tid;
    base::HostPid pid;
    base::TaskId leader;
  };
  void learn(const raw::Event& event);
  void write_task(JsonText& json, base::TaskId id) const;

  decoders::Options options_;  ///< as the header says
  std::unordered_map<base::TaskId, Identity> tasks_;
};

}  // namespace boxtrace::trace
