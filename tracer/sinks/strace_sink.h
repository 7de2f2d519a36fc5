#pragma once
// strace's text, so that its readers and their parsers are at home: a call is written when it
// begins, as far as it is known then, and completed when it ends; if another task has something to
// say meanwhile, the line is cut with `<unfinished ...>` and taken up again with
// `<... call resumed>`.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "tracer/sinks/strace_calls.h"
#include "tracer/sinks/strace_filter.h"
#include "tracer/sinks/strace_options.h"
#include "tracer/sinks/strace_summary.h"
#include "tracer/sinks/strace_values.h"
#include "tracer/timeline/analysis.h"

namespace boxtrace::sinks {

class StraceSink final : public timeline::Listener {
 public:
  /// Takes text in pieces, not always whole lines. `tid` is the task it is about, whose file it
  /// belongs to with -ff.
  using Write = std::function<void(base::HostTid tid, std::string_view text)>;
  /// Takes what strace says of itself, on standard error: `Process 12 attached`.
  using Say = std::function<void(std::string_view sentence)>;

  /// `summary` is written at the end, if `options` want one.
  StraceSink(const StraceOptions& options, StraceFilter filter, StraceSummary summary, Write write,
             Say say);
  ~StraceSink() override = default;
  StraceSink(const StraceSink&) = delete;
  StraceSink& operator=(const StraceSink&) = delete;
  StraceSink(StraceSink&&) = delete;
  StraceSink& operator=(StraceSink&&) = delete;

  void on_step(const timeline::Step& step) override;
  void on_entry(const timeline::Entry& entry) override;
  [[nodiscard]] bool wants_entries() const override { return true; }
  void on_end() override;

 private:
  /// A task as far as lines go.
  struct Writer {
    base::HostTid tid;
    std::string comm;
    std::optional<std::size_t> open;  ///< pieces of a call that are on paper, if it has begun
    bool begun = false;               ///< it has a line that is not finished
    std::size_t column = 0;           ///< of that line
    raw::Abi abi = raw::Abi::X86_64;
    std::string last_call;  ///< its name
  };

  void started(const timeline::Step& step, const raw::TaskStarted& started);
  void exited(const timeline::Step& step, const raw::TaskExited& exited);
  void delivered(const timeline::Step& step, const raw::Signal& signal);
  void ended(const timeline::Step& step);

  /// The task of an event if it is shown, else null.
  Writer* writer_of(base::TaskId task, const model::Model& model);
  void begin_line(Writer& writer, base::TaskId task, base::Nanos time, const raw::Syscall* call);
  void begin_call(Writer& writer, base::TaskId task, const raw::Syscall& call,
                  const decoders::DecodedCall& decoded);
  void put(Writer& writer, std::string_view text);
  void end_line(Writer& writer);
  void put_stack(Writer& writer, const raw::Stack& stack);
  /// Hands out what was put together, and what strace itself has to say.
  void flush();
  void say(std::string_view sentence);
  void annotate_pids(const model::Model& model, base::TaskId viewer);
  void choose_look(const raw::Call& call);
  [[nodiscard]] static std::vector<std::string> resumed_pieces(const Writer& writer);
  void announce_abi(Writer& writer, raw::Abi abi);
  [[nodiscard]] std::string times(base::Nanos time);

  StraceOptions options_;
  StraceFilter filter_;
  StraceValues values_;
  StraceCalls calls_;
  StraceSummary summary_;
  Write write_;
  Say say_;

  std::int64_t wall_origin_ = 0;            ///< nanoseconds since 1970 when the trace began
  std::optional<base::TaskId> command_;     ///< the first task
  std::optional<base::Nanos> last_time_;    ///< of the line before, for -r
  std::map<base::TaskId, Writer> writers_;  ///< tasks that live
  std::optional<base::TaskId> printing_;    ///< whose line it is, if all share one output
  std::optional<base::HostTid> execing_;    ///< who called execve last
  std::string held_;                        ///< text of this event
  base::HostTid held_for_{};
};

}  // namespace boxtrace::sinks
