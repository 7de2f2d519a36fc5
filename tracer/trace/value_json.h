#pragma once
// Decoded arguments as JSON, for people, jq and DuckDB.

#include <vector>

#include "decoders/value.h"
#include "tracer/trace/json_text.h"

namespace boxtrace::trace {

/// Writes an array of objects: `n` is the argument's name, the other members depend on its kind
/// (see schema.md, "Arguments").
void write_args(JsonText& json, const std::vector<decoders::Field>& args);

}  // namespace boxtrace::trace
