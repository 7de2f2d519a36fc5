#pragma once
// One line to one record.

#include <string>
#include <string_view>
#include <variant>

#include "tracer/base/result.h"
#include "tracer/raw/event.h"
#include "tracer/trace/milestone_record.h"

namespace boxtrace::trace {

/// A record of a type that this version does not know, written by a later one.
struct UnknownRecord {
  std::string type;
};

/// A header of a form that this version does not read; see kSchemaName.
struct ForeignHeader {
  std::string schema;
};

using Record = std::variant<raw::Event, MilestoneRecord, UnknownRecord, ForeignHeader>;

/// Reads a line without its newline. Unknown members are skipped; a missing member, or one of the
/// wrong kind, is an error that names it. The line may come from anywhere: nothing in it can make
/// this function fail in another way.
[[nodiscard]] base::Result<Record> parse_record(std::string_view line);

}  // namespace boxtrace::trace
