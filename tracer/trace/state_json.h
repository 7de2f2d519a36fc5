#pragma once
// What /proc said, as JSON and back: the bodies of `state` records and the namespace links of the
// header.

#include <nlohmann/json_fwd.hpp>

#include "tracer/base/result.h"
#include "tracer/raw/event.h"
#include "tracer/trace/json_text.h"

namespace boxtrace::trace {

/// Writes the members of an observation into the object that is open.
void write_observation(JsonText& json, const raw::Observation& observation);

/// Writes `{"mnt": 4026531841, ...}`; links that could not be read (0) are left out.
void write_namespaces(JsonText& json, const raw::NsLinks& links);

/// Writes the member `fds`.
void write_fd_targets(JsonText& json, const std::vector<raw::FdTarget>& fds);

/// The observation in a record's object. Refuses members of the wrong kind; skips unknown ones.
[[nodiscard]] base::Result<raw::Observation> parse_observation(const nlohmann::json& record);

/// The member `fds` of a record.
[[nodiscard]] base::Result<std::vector<raw::FdTarget>> parse_fd_targets(
    const nlohmann::json& record);

[[nodiscard]] base::Result<raw::NsLinks> parse_namespaces(const nlohmann::json& links);

}  // namespace boxtrace::trace
