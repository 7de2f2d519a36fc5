#pragma once
// A trace file to events, without trust in the file. It may have been cut off, edited, mangled in
// transit or made by someone hostile; whatever it holds, each event passed on stands in the file
// exactly so, and whatever is missing is reported.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/base/ids.h"
#include "tracer/raw/event_sink.h"
#include "tracer/trace/milestone_record.h"

namespace boxtrace::trace {

/// Something in the file that is not as schema.json has it.
struct ReadProblem {
  enum class Kind : std::uint8_t {
    NotATrace,   ///< the first line is no header; nothing is read
    OtherForm,   ///< the header names a form that this version does not read; nothing is read
    BadLine,     ///< a line that is no record; skipped
    OutOfOrder,  ///< a record whose number is not above that of the one before; skipped
    Missing,     ///< numbers are left out; a raw::Gap was passed on in their place
    AfterEnd,    ///< a record behind the end record; skipped
  };
  Kind kind = Kind::BadLine;
  std::uint64_t line = 0;  ///< from 1
  std::string what;
  std::string hint;
};

/// What became of a file.
struct ReadSummary {
  std::uint64_t lines = 0;
  std::uint64_t events = 0;         ///< passed on, gaps made here not counted
  std::uint64_t unknown = 0;        ///< records of types that this version does not know
  std::optional<base::Seq> last;    ///< the number of the last record passed on
  bool complete = false;            ///< the end record was read
  std::uint64_t problem_count = 0;  ///< may be more than `problems` holds
  std::vector<ReadProblem> problems;

  /// Nothing could be read: the first problem says why.
  [[nodiscard]] bool refused() const;
};

/// Reads a file piece by piece.
class TraceReader {
 public:
  using MilestoneListener = std::function<void(const MilestoneRecord&)>;

  /// Passes events on to `events`, and milestones, as recorded, to `milestones` if there is one.
  explicit TraceReader(raw::EventSink& events, MilestoneListener milestones = {});

  /// Takes the next bytes of the file, cut anywhere.
  void feed(std::string_view bytes);

  /// Says that the file ends here. A last line without its newline counts if it is whole.
  [[nodiscard]] ReadSummary finish();

 private:
  void take_line(std::string_view line, bool terminated);
  void take_event(const raw::Event& event);
  void report(ReadProblem::Kind kind, std::string what, std::string hint = {});

  raw::EventSink& events_;
  MilestoneListener milestones_;
  std::string partial_;
  bool overlong_ = false;  ///< the present line is being skipped
  ReadSummary summary_;
};

/// `cut off after record 41: no end record`, and one line per problem. Empty for a good file.
[[nodiscard]] std::vector<std::string> render_problems(const ReadSummary& summary);

}  // namespace boxtrace::trace
