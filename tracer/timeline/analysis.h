#pragma once
// From events to the story: decodes each call, advances the model, lets the rules speak, and tells
// listeners in order. Live runs and recorded traces push the same events through here, and nothing
// here depends on a clock, a terminal or the order of a hash table; hence they print the same.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "decoders/decode.h"
#include "tracer/base/ids.h"
#include "tracer/model/exec_state.h"
#include "tracer/model/facts.h"
#include "tracer/model/model.h"
#include "tracer/raw/event_sink.h"
#include "tracer/timeline/milestone.h"
#include "tracer/timeline/rich_text.h"

namespace boxtrace::timeline {

/// A path argument and what it means.
struct ResolvedPath {
  std::string_view arg;
  model::Path path;
};

/// One event, understood. The references are valid during the call only.
struct Step {
  const raw::Event& event;
  const raw::Syscall* syscall;        ///< of a Syscall event, else null
  const decoders::DecodedCall* call;  ///< its decoded form, else null
  const std::vector<model::Fact>& facts;
  const model::Model& model;               ///< after the event
  const std::vector<ResolvedPath>& paths;  ///< those whose text is not the whole truth
  bool relevant;                           ///< it concerns the container: `-v` shows it
  std::string strip_before;                ///< the task's namespaces; empty when there is no task
  std::string strip_after;
};

/// A call that has begun and lasts. The references are valid during the call only.
struct Entry {
  const raw::Event& event;  ///< see raw::EventSink::on_entry
  const raw::Syscall& syscall;
  const decoders::DecodedCall& call;  ///< what is known of it
  const model::Model& model;
};

/// One line of the story. It is final: nothing that comes later changes it.
struct Item {
  enum class Kind : std::uint8_t {
    Heading,  ///< a phase begins
    Line,     ///< something happened
    Note,     ///< why: at most two sentences, with a manual page
    Summary,  ///< the last lines: what is contained, what is shared
  };
  Kind kind = Kind::Line;
  Phase phase = Phase::Prepare;
  base::Nanos time;   ///< when it began
  base::TaskId task;  ///< who; 0 for headings and summaries
  RichText who;       ///< `runc:[2:INIT] 17458 = pid 1`
  RichText text;
  RichText remark;    ///< what it means, or an empty text
  std::string strip;  ///< the task's namespaces, when the line is about them; else empty
  int milestone = 0;  ///< its number; 0 when it is not one
  std::string man;    ///< of a Note
  std::vector<base::Seq> evidence;  ///< the events it stands for
};

class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  Listener(Listener&&) = delete;
  Listener& operator=(Listener&&) = delete;
  virtual ~Listener() = default;
  virtual void on_step(const Step& /*step*/) {}
  /// Called for listeners that want entries, where there are any: see raw::EventSink.
  virtual void on_entry(const Entry& /*entry*/) {}
  [[nodiscard]] virtual bool wants_entries() const { return false; }
  virtual void on_item(const Item& /*item*/) {}
  virtual void on_milestone(const Milestone& /*milestone*/) {}
  /// The trace is over; `finish` was called or an End event came. Called once.
  virtual void on_end() {}
};

class Analysis final : public raw::EventSink {
 public:
  Analysis();
  ~Analysis() override;
  Analysis(const Analysis&) = delete;
  Analysis& operator=(const Analysis&) = delete;
  Analysis(Analysis&&) = delete;
  Analysis& operator=(Analysis&&) = delete;

  /// Keeps a reference; listeners are called in the order of their addition.
  void add_listener(Listener& listener);
  void on_event(const raw::Event& event) override;
  void on_entry(const raw::Event& entry) override;
  [[nodiscard]] bool wants_entries() const override;
  /// Says what is left to say when events end without an End (a trace that was cut). Idempotent.
  void finish();

  [[nodiscard]] const std::vector<Milestone>& milestones() const;
  [[nodiscard]] const model::Model& model() const;

  /// The state at the exec that ends the creation of the container: where a process in new or
  /// joined namespaces, which still ran the code of the runtime or tool that put it there, becomes
  /// another program. Of several (a container made within `unshare sh -c ...`) it is the first of
  /// those in the greatest number of namespaces other than the host's. Where there is none it is
  /// the last execve of the launched command. Nothing before any execve was seen.
  [[nodiscard]] const std::optional<model::ExecState>& final_exec() const;

 private:
  struct State;

  void understand(const raw::Event& event);

  std::unique_ptr<State> state_;
};

}  // namespace boxtrace::timeline
