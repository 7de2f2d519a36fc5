#include "tracer/trace/reader.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "tracer/base/text.h"
#include "tracer/trace/record.h"
#include "tracer/trace/schema.h"

namespace boxtrace::trace {
namespace {

/// No record that boxtrace writes comes near it, and a file without newlines must not fill memory.
constexpr std::size_t kLongestLine = std::size_t{64} << 20;
constexpr std::size_t kProblemsKept = 100;
constexpr const char* kHowToRecord = "record a trace with: boxtrace record -o FILE -- CMD";

}  // namespace

bool ReadSummary::refused() const {
  return !problems.empty() && (problems.front().kind == ReadProblem::Kind::NotATrace ||
                               problems.front().kind == ReadProblem::Kind::OtherForm);
}

TraceReader::TraceReader(raw::EventSink& events, MilestoneListener milestones)
    : events_(events), milestones_(std::move(milestones)) {}

void TraceReader::feed(std::string_view bytes) {
  while (!bytes.empty() && !summary_.refused()) {
    const std::size_t newline = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, newline);
    if (partial_.size() + piece.size() > kLongestLine) {
      overlong_ = true;
      partial_.clear();
    }
    if (newline == std::string_view::npos) {
      if (!overlong_) {
        partial_ += piece;
      }
      return;
    }
    bytes.remove_prefix(newline + 1);
    if (partial_.empty()) {
      take_line(piece, /*terminated=*/true);
    } else {
      partial_ += piece;
      take_line(std::exchange(partial_, {}), /*terminated=*/true);
    }
    overlong_ = false;
  }
}

ReadSummary TraceReader::finish() {
  if (!summary_.refused() && (!partial_.empty() || overlong_)) {
    take_line(std::exchange(partial_, {}), /*terminated=*/false);
  }
  if (summary_.lines == 0) {
    report(ReadProblem::Kind::NotATrace, "the file is empty", kHowToRecord);
  }
  return summary_;
}

void TraceReader::take_line(std::string_view line, bool terminated) {
  ++summary_.lines;
  const bool first = summary_.lines == 1;
  auto record = overlong_ ? base::Result<Record>(base::Error{0, "the line is too long", {}})
                          : parse_record(line);
  if (!record) {
    if (first) {
      const bool gzip = line.starts_with("\x1f\x8b");
      const bool zstd = line.starts_with("\x28\xb5\x2f\xfd");
      report(
          ReadProblem::Kind::NotATrace,
          gzip || zstd ? "the file is compressed" : "not a boxtrace trace: " + record.error().what,
          gzip   ? "unpack it first: gzip -dc FILE.gz | boxtrace show -"
          : zstd ? "unpack it first: zstd -dc FILE.zst | boxtrace show -"
                 : kHowToRecord);
    } else if (terminated) {
      report(ReadProblem::Kind::BadLine, record.error().what);
    }
    // A last line without its newline is what a cut leaves; the summary says so by `complete`.
    return;
  }
  if (const auto* event = std::get_if<raw::Event>(&record.value())) {
    take_event(*event);
  } else if (const auto* foreign = std::get_if<ForeignHeader>(&record.value())) {
    report(first ? ReadProblem::Kind::OtherForm : ReadProblem::Kind::BadLine,
           "the trace is of the form " + base::quote(foreign->schema),
           fmt::format("this version reads {}; use the one that wrote the trace", kSchemaName));
  } else if (first) {
    report(ReadProblem::Kind::NotATrace, "not a boxtrace trace: the first record is no header",
           kHowToRecord);
  } else if (const auto* milestone = std::get_if<MilestoneRecord>(&record.value())) {
    if (milestones_) {
      milestones_(*milestone);
    }
  } else {
    ++summary_.unknown;
  }
}

void TraceReader::take_event(const raw::Event& event) {
  const bool is_header = std::holds_alternative<raw::Header>(event.body);
  if (!summary_.last) {
    if (!is_header || event.seq.value != 0) {
      report(ReadProblem::Kind::NotATrace, "not a boxtrace trace: the first record is no header",
             kHowToRecord);
      return;
    }
  } else if (summary_.complete) {
    report(ReadProblem::Kind::AfterEnd,
           fmt::format("record {} stands behind the end record", event.seq.value));
    return;
  } else if (event.seq <= *summary_.last || is_header) {
    report(ReadProblem::Kind::OutOfOrder,
           fmt::format("record {} follows record {}", event.seq.value, summary_.last->value));
    return;
  } else if (const std::uint64_t next = summary_.last->value + 1; event.seq.value != next) {
    const std::uint64_t missing_to = event.seq.value - 1;
    const std::string which = missing_to == next
                                  ? fmt::format("record {} is missing", next)
                                  : fmt::format("records {} to {} are missing", next, missing_to);
    report(ReadProblem::Kind::Missing, which);
    raw::Event gap;
    gap.seq = {next};
    gap.time = event.time;
    gap.body = raw::Gap{which + " from the trace file"};
    events_.on_event(gap);
  }
  summary_.last = event.seq;
  ++summary_.events;
  summary_.complete = std::holds_alternative<raw::End>(event.body);
  events_.on_event(event);
}

void TraceReader::report(ReadProblem::Kind kind, std::string what, std::string hint) {
  ++summary_.problem_count;
  if (summary_.problems.size() < kProblemsKept) {
    summary_.problems.push_back({kind, summary_.lines, std::move(what), std::move(hint)});
  }
}

std::vector<std::string> render_problems(const ReadSummary& summary) {
  std::vector<std::string> lines;
  for (const ReadProblem& problem : summary.problems) {
    lines.push_back(fmt::format("line {}: {}", problem.line, problem.what));
  }
  if (summary.problem_count > summary.problems.size()) {
    lines.push_back(fmt::format("and {} more problems of this kind",
                                summary.problem_count - summary.problems.size()));
  }
  if (!summary.refused() && !summary.complete) {
    lines.push_back(fmt::format("cut off after record {}: there is no end record",
                                summary.last ? summary.last->value : 0));
  }
  return lines;
}

}  // namespace boxtrace::trace
