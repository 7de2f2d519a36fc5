#pragma once
// Feeding a trace file to the reader.

#include <string>

#include "tracer/base/result.h"
#include "tracer/raw/event_sink.h"
#include "tracer/trace/reader.h"

namespace boxtrace::cli {

/// Reads the file at `path` (`-`: standard input) into `sink`.
///
/// @errors  as open(2) and read(2); a file that is no trace, or one of another form. A trace that
///          was cut off or damaged is read as far as it goes, and the summary says so.
[[nodiscard]] base::Result<trace::ReadSummary> read_trace(const std::string& path,
                                                          raw::EventSink& sink);

/// Prints what is wrong with the file, if anything, to standard error.
void print_problems(const std::string& path, const trace::ReadSummary& summary);

}  // namespace boxtrace::cli
