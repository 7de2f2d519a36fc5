#pragma once
// The contract of the trace format: its name, its version, its JSON Schema. Explained in schema.md.

#include <string_view>

namespace boxtrace::trace {

/// What the `schema` field of a header says. The number at the end changes when a reader of the old
/// form would misread the new one; a reader refuses a number it does not know.
inline constexpr std::string_view kSchemaName = "urn:boxtrace:trace:1";

/// Counts additions within that form: new optional fields, new record types.
inline constexpr int kSchemaMinor = 2;

/// The JSON Schema (draft 7) that every line of a trace fulfils: tracer/trace/schema.json.
[[nodiscard]] std::string_view schema_text();

}  // namespace boxtrace::trace
