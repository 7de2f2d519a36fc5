#pragma once
// The text of /proc files as the parts of an observation: raw facts of tracer/base/procfs_text.h in
// the shape of tracer/raw/event.h. Pure and total.
// Source: proc(5); fs/proc/array.c and fs/proc/base.c in the kernel.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/base/bytes.h"
#include "tracer/raw/event.h"

namespace boxtrace::ptrace {

/// /proc/PID/status. A field that is missing keeps its default.
[[nodiscard]] raw::Status parse_status(std::string_view text);

/// /proc/PID/limits: `RLIMIT_NOFILE` -> `1024:1048576`, `unlimited` as the kernel spells it. A
/// limit of a later kernel keeps the kernel's words for a name.
[[nodiscard]] std::map<std::string, std::string> parse_rlimits(std::string_view text);

/// The lines of a text, without their newlines; an empty last line is none.
[[nodiscard]] std::vector<std::string> parse_lines(std::string_view text);

/// The permitted set of a file's `security.capability`. Nothing for one that only counts in another
/// user namespace than ours, and for what is none. Source: linux/capability.h: vfs_cap_data.
[[nodiscard]] std::uint64_t parse_file_capabilities(base::ByteView attribute);

}  // namespace boxtrace::ptrace
